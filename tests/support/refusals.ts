import { GrpoError } from "../../src/library/error.ts";

/** The GrpoError that the work ends with; anything else, success included, fails the test. */
export async function grpoErrorOf(work: () => unknown): Promise<GrpoError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof GrpoError) return error;
    throw error;
  }
  throw new Error("a GrpoError was expected, and there was none");
}
