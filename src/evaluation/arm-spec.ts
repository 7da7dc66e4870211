import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { GrpoError, type LibraryDocument, type LibraryStore, parseLibrary } from "../library/index.ts";

/**
 * One arm as written after `--arms`: parts joined by `+`, for example `baseline`, `current`, `v3`,
 * `experiences/a/common.md`, `provider=gpt-5+v3`, `prompt=Support v2+current`.
 */
export interface ArmSpec {
  /** As the user wrote it: the arm's name in reports. */
  label: string;
  library: "none" | "current" | "routed" | "routed:detect" | { version: number } | { path: string };
  provider?: string;
  prompt?: string;
}

const FORMS =
  "baseline, current, routed (each example its route's library, by user types), routed:detect (by what is said), v<number>, a library's .md file, provider=<id or label>, prompt=<label>; join parts by +, arms by a comma";

/** @throws GrpoError ARMS_INVALID */
export function parseArms(text: string): [ArmSpec, ArmSpec] {
  const [first, second, ...more] = text.split(",").map((one) => one.trim());
  if (first === undefined || second === undefined || more.length > 0 || first === "" || second === "") {
    throw invalid(`"${text}" does not name two arms`);
  }
  if (first === second) throw invalid(`"${text}" compares an arm with itself`);
  return [parseArm(first), parseArm(second)];
}

function parseArm(label: string): ArmSpec {
  const spec: ArmSpec = { label, library: "none" };
  for (const part of label.split("+").map((one) => one.trim())) {
    const [, key, value] = /^(provider|prompt)=(.+)$/s.exec(part) ?? [];
    const version = /^v([1-9]\d*)$/.exec(part)?.[1];
    if (key === "provider" && value !== undefined) spec.provider = value;
    else if (key === "prompt" && value !== undefined) spec.prompt = value;
    else if (part === "baseline" || part === "none") spec.library = "none";
    else if (part === "current" || part === "routed" || part === "routed:detect") spec.library = part;
    else if (version !== undefined) spec.library = { version: Number(version) };
    else if (part.endsWith(".md")) spec.library = { path: part };
    else throw invalid(`"${part}" is no arm`);
  }
  return spec;
}

/**
 * The library of an arm; null for none.
 * @throws GrpoError LIBRARY_EMPTY, LIBRARY_VERSION_UNKNOWN, LIBRARY_NOT_FOUND, and what `parseLibrary` throws
 */
export async function libraryOfArm(
  { library }: { library: Exclude<ArmSpec["library"], "routed" | "routed:detect"> },
  store: LibraryStore,
): Promise<LibraryDocument | null> {
  if (library === "none") return null;
  if (library === "current") return requireExperiences((await store.load()).document, store);
  if ("version" in library) return store.readVersion(library.version);
  try {
    return parseLibrary(readFileSync(library.path, "utf8"), library.path);
  } catch (cause) {
    if (cause instanceof GrpoError) throw cause;
    throw new GrpoError({
      code: "LIBRARY_NOT_FOUND",
      message: `The library ${basename(library.path)} cannot be read.`,
      place: library.path,
      remedy: "Name a library's Markdown file, relative to the config's folder.",
      cause,
    });
  }
}

/** An empty library is the baseline itself, so there would be nothing to compare. */
function requireExperiences(document: LibraryDocument, store: LibraryStore): LibraryDocument {
  if (document.experiences.length > 0) return document;
  throw new GrpoError({
    code: "LIBRARY_EMPTY",
    message: `The library of ${store.agent}/${store.route} has no experiences, so both arms would be the same.`,
    place: store.path,
    remedy: "Train first (`promptfoo-grpo train`), check metadata.grpo.agent and route, or choose --arms.",
  });
}

const invalid = (what: string): GrpoError =>
  new GrpoError({
    code: "ARMS_INVALID",
    message: `${what}.`,
    place: "--arms",
    remedy: `Write two arms: ${FORMS}. For example: --arms baseline,v3`,
  });
