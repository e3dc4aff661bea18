/** Code in the page's address: `#model=…`, compressed. */

const START = "#model=";
const LONGEST = 8000; // characters of a link; some programs cut longer ones
const MOST = 50_000; // bytes of code

/** @param {ReadableStream<BufferSource>} stream @param {number} most @returns {Promise<Uint8Array | null>}  null: there is more */
async function bytesOf(stream, most) {
  const parts = [];
  let size = 0;
  const reader = /** @type {ReadableStreamDefaultReader<Uint8Array>} */ (stream.getReader());
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    size += value?.length ?? 0;
    if (size > most) {
      reader.cancel();
      return null;
    }
    parts.push(/** @type {Uint8Array<ArrayBuffer>} */ (value));
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** The hash for this code; null where it would be too long. @param {string} code @returns {Promise<string | null>} */
export async function toLink(code) {
  const given = new Blob([code]);
  if (given.size > MOST) return null;
  const packed = await bytesOf(given.stream().pipeThrough(new CompressionStream("deflate-raw")), LONGEST);
  if (!packed) return null;
  const link = START + btoa(String.fromCharCode(...packed)).replace(/[+/=]/g, (sign) => ({ "+": "-", "/": "_" })[sign] ?? "");
  return link.length > LONGEST ? null : link;
}

/** The code in a hash; null where it cannot be read, undefined where there is none. @param {string} hash @returns {Promise<string | null | undefined>} */
export async function fromLink(hash) {
  if (!hash.startsWith(START)) return undefined;
  if (hash.length > LONGEST) return null;
  try {
    const packed = atob(hash.slice(START.length).replace(/[-_]/g, (sign) => (sign === "-" ? "+" : "/")));
    const given = new Blob([Uint8Array.from(packed, (letter) => letter.charCodeAt(0))]);
    const code = await bytesOf(given.stream().pipeThrough(new DecompressionStream("deflate-raw")), MOST);
    return code && new TextDecoder("utf-8", { fatal: true }).decode(code);
  } catch {
    return null;
  }
}
