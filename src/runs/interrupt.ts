import { GrpoError } from "../library/error.ts";

/** Exit codes as a shell reports a process that these signals ended. */
export const SIGNAL_EXIT = { SIGINT: 130, SIGTERM: 143 } as const;
export type StopSignal = keyof typeof SIGNAL_EXIT;

/** The end of a run that was asked to stop. */
export function interruption(name: StopSignal = "SIGINT"): GrpoError {
  return new GrpoError({
    code: "INTERRUPTED",
    message: "The run was interrupted.",
    remedy: "Libraries already accepted are on disk; run again to go on from them.",
    exitCode: SIGNAL_EXIT[name],
  });
}

/** Why a signal was aborted, as the error that ends the run. */
export const interruptionOf = (signal: AbortSignal): GrpoError =>
  signal.reason instanceof GrpoError ? signal.reason : interruption();
