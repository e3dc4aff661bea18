/** What Conv2D(1, 3) computes of one channel: padding "valid", stride 1, no bias. */

/**
 * @param {number[][]} image
 * @param {number[]} kernel  3×3, row by row
 * @returns {number[][]}
 */
export function correlate(image, kernel) {
  return image.slice(2).map((_, row) => image[row].slice(2).map((_, column) => sum(products(image, kernel, row, column))));
}

/** The nine products of one window. @param {number[][]} image @param {number[]} kernel @param {number} row @param {number} column */
export function products(image, kernel, row, column) {
  return kernel.map((weight, k) => weight * image[row + Math.floor(k / 3)][column + (k % 3)]);
}

/** @param {number[]} numbers */
export const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
