/** Rows of numbers; the operations on small symmetric matrices that a regression needs. */
type Matrix = readonly (readonly number[])[];

/** The lower triangle L of a positive definite matrix, with L times its transpose equal to it. */
export function cholesky(matrix: Matrix): number[][] {
  const root: number[][] = matrix.map((row) => row.map(() => 0));
  matrix.forEach((row, i) => {
    for (let j = 0; j <= i; j++) {
      const [a, b] = [root[i] ?? [], root[j] ?? []];
      let sum = row[j] ?? 0;
      for (let k = 0; k < j; k++) sum -= (a[k] ?? 0) * (b[k] ?? 0);
      a[j] = i === j ? Math.sqrt(sum) : sum / (b[j] ?? 1);
    }
  });
  return root;
}

/** The inverse of the matrix whose `cholesky` this is. */
export function inverseOf(root: Matrix): number[][] {
  const size = root.length;
  const columns = Array.from({ length: size }, (_, column) =>
    backward(
      root,
      solveLower(
        root,
        Array.from({ length: size }, (_, row) => Number(row === column)),
      ),
    ),
  );
  return columns.map((_, row) => columns.map((column) => column[row] ?? 0));
}

/** Natural logarithm of the determinant of the matrix whose `cholesky` this is. */
export const logDeterminant = (root: Matrix): number =>
  2 * root.reduce((sum, row, index) => sum + Math.log(row[index] ?? 1), 0);

export const product = (matrix: Matrix, vector: readonly number[]): number[] =>
  matrix.map((row) => row.reduce((sum, value, index) => sum + value * (vector[index] ?? 0), 0));

/** The vector that the lower triangle takes to `right`. */
function solveLower(root: Matrix, right: readonly number[]): number[] {
  const out: number[] = [];
  root.forEach((row, i) => {
    const sum = out.reduce((rest, value, k) => rest - (row[k] ?? 0) * value, right[i] ?? 0);
    out.push(sum / (row[i] ?? 1));
  });
  return out;
}

function backward(root: Matrix, right: readonly number[]): number[] {
  const out: number[] = right.map(() => 0);
  for (let i = root.length - 1; i >= 0; i--) {
    let sum = right[i] ?? 0;
    for (let k = i + 1; k < root.length; k++) sum -= (root[k]?.[i] ?? 0) * (out[k] ?? 0);
    out[i] = sum / (root[i]?.[i] ?? 1);
  }
  return out;
}
