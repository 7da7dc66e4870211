/** What a download tells while it runs. `totalBytes` is undefined until the source has said it. */
export interface WeightsProgress {
  /** One line for a person, without line end. */
  message: string;
  doneBytes?: number;
  totalBytes?: number;
}

export type OnProgress = (progress: WeightsProgress) => void;

/** One line on stderr each, so that it reads the same in a terminal and in a log. */
export function printProgress({ message }: WeightsProgress): void {
  process.stderr.write(`${message}\n`);
}

/** Reports every twentieth of the way, and the end; returns a function that takes the bytes done so far. */
export function steps(onProgress: OnProgress, what: string, totalBytes: number): (doneBytes: number) => void {
  let last = -1;
  return (doneBytes) => {
    const step = totalBytes === 0 ? 20 : Math.floor((doneBytes / totalBytes) * 20);
    if (step === last) return;
    last = step;
    onProgress({ message: `${what}: ${step * 5} % of ${megabytes(totalBytes)}`, doneBytes, totalBytes });
  };
}

export function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6).toLocaleString("en-US")} MB`;
}
