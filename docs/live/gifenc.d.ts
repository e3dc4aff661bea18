// gifenc brings no types: what lab-gif.js uses of it. By its file, since the bundler would take the
// one for CommonJS, whose helpers the worker may not import.
declare module "gifenc/dist/gifenc.esm.js" {
  type Colour = number[];
  interface Options {
    palette?: Colour[];
    delay?: number;
    transparent?: boolean;
    transparentIndex?: number;
    dispose?: number;
    repeat?: number;
  }
  export function GIFEncoder(): {
    writeFrame(pixels: Uint8Array, width: number, height: number, options: Options): void;
    finish(): void;
    bytes(): Uint8Array<ArrayBuffer>;
  };
  export function quantize(pixels: Uint8Array | Uint8ClampedArray, colours: number): Colour[];
  export function applyPalette(pixels: Uint8Array | Uint8ClampedArray, palette: Colour[]): Uint8Array;
}
