import { hashText, type LibraryDocument, renderExperiences } from "../library/index.ts";
import type { Injection } from "../providers/experience-agent.ts";
import type { Sampling } from "../suite/rollouts.ts";

/** What a library adds to the agent's prompt; an empty one adds nothing, byte for byte. */
export function injectionOf(library: LibraryDocument): Injection {
  const { experiences, version, source } = library;
  return { block: renderExperiences(library), experiences, version, hash: hashText(source) };
}

/** Evaluation rollouts: the agent's own settings, and one draw for a library however often it is asked for. */
export function evaluationSampling(library: LibraryDocument, split: string, repeats: number): Sampling {
  return { injection: injectionOf(library), repeats, draw: `evaluate ${split}` };
}

/** The agent as it is, without any library. */
export function baselineSampling(split: string, repeats: number): Sampling {
  return { injection: undefined, repeats, draw: `evaluate ${split}` };
}
