// The bundler puts these files into the worker as text.
declare module "*.py" {
  const text: string;
  export default text;
}
declare module "*/matplotlibrc" {
  const text: string;
  export default text;
}
