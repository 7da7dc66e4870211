import { readdir, readFile, stat } from "node:fs/promises";
import { join, parse } from "node:path";
import { GrpoError } from "../library/error.ts";
import { normaliseText } from "./ngram.ts";
import { problemsError } from "./problems.ts";
import { type Dataset, type Example, type Hidden, personaSchema } from "./schema.ts";
import { type Problem, parseYaml, schemaProblems, type YamlSource } from "./yaml-source.ts";

/** A persona file is text written by people; more than this is another kind of file. */
const MAX_FILE_BYTES = 4_000_000;
const REMEDY = "Correct the file; docs/dataset.md describes the format.";

type PersonaPart = { persona: Dataset["personas"][number]; examples: Example[] };

/**
 * Reads every `*.yaml` and `*.yml` of `folder` (other files and subfolders are not personas).
 * @throws GrpoError DATASET_FOLDER_UNREADABLE, DATASET_EMPTY, DATASET_FILE_TOO_LARGE, or DATASET_INVALID, which
 * lists every problem of every file by `file:line`.
 */
export async function loadPersonaFolder(folder: string): Promise<Dataset> {
  const parts: PersonaPart[] = [];
  const problems: Problem[] = [];
  for (const name of await personaFiles(folder)) {
    const file = join(folder, name);
    const read = readPersona(file, await readText(file));
    problems.push(...read.problems);
    if (read.part !== undefined) parts.push(read.part);
  }
  const dataset = {
    folder,
    personas: parts.map((part) => part.persona),
    examples: parts.flatMap((part) => part.examples),
  };
  problems.push(...duplicates(dataset));
  if (problems.length > 0) throw problemsError("DATASET_INVALID", problems, REMEDY);
  return dataset;
}

async function personaFiles(folder: string): Promise<string[]> {
  let names: string[];
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    names = entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name);
  } catch (cause) {
    throw new GrpoError({
      code: "DATASET_FOLDER_UNREADABLE",
      message: "The dataset folder cannot be read.",
      place: folder,
      remedy: "Name a folder of persona files, for example datasets/integro/personas.",
      cause,
    });
  }
  const files = names.filter((name) => /^[^.].*\.ya?ml$/.test(name)).sort();
  if (files.length > 0) return files;
  throw new GrpoError({
    code: "DATASET_EMPTY",
    message: "The dataset folder has no persona file (*.yaml).",
    place: folder,
    remedy: "Add a persona file, or name the folder that holds them.",
  });
}

async function readText(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size <= MAX_FILE_BYTES) return await readFile(file, "utf8");
  } catch (cause) {
    throw new GrpoError({
      code: "DATASET_FILE_UNREADABLE",
      message: "The persona file cannot be read.",
      place: file,
      remedy: "Check that it exists and that you may read it.",
      cause,
    });
  }
  throw new GrpoError({
    code: "DATASET_FILE_TOO_LARGE",
    message: `The persona file is larger than ${MAX_FILE_BYTES} bytes.`,
    place: file,
    remedy: "Split it into several personas.",
  });
}

function readPersona(file: string, text: string): { part?: PersonaPart; problems: Problem[] } {
  const { source, problems } = parseYaml(file, text);
  if (source === undefined) return { problems };
  const parsed = personaSchema.safeParse(source.value);
  if (!parsed.success) return { problems: schemaProblems(file, source, parsed.error) };
  const { examples: rows, ...persona } = parsed.data;
  const examples = rows.map((row, index) => ({
    ...row,
    persona: persona.persona,
    userTypes: row.userTypes ?? persona.userTypes,
    turns: row.turns ?? [],
    place: `${file}:${source.lineOf(["examples", index, "id"])}`,
  }));
  return {
    part: { persona: { ...persona, file }, examples },
    problems: [
      ...nameProblems(file, source, persona.persona, rows),
      ...openingProblems(file, source, persona.hidden, rows),
    ],
  };
}

function nameProblems(
  file: string,
  source: YamlSource,
  persona: string,
  rows: readonly { id: string }[],
): Problem[] {
  const problems: Problem[] = [];
  if (parse(file).name !== persona) {
    const message = `The file of persona "${persona}" must be named ${persona}.yaml.`;
    problems.push({ file, line: source.lineOf(["persona"]), message });
  }
  for (const [index, row] of rows.entries()) {
    if (row.id.startsWith(`${persona}-`)) continue;
    const message = `Example id "${row.id}" must start with "${persona}-".`;
    problems.push({ file, line: source.lineOf(["examples", index, "id"]), message });
  }
  return problems;
}

/** A simulated conversation must not begin with what an example asks: a log of it would hold the example. */
function openingProblems(
  file: string,
  source: YamlSource,
  hidden: Hidden | undefined,
  rows: readonly { id: string; query: string; provenance?: string | undefined }[],
): Problem[] {
  // What was taken from a log may well be how a simulated conversation began.
  const written = rows.filter(({ provenance }) => provenance === undefined);
  return (hidden?.openings ?? []).flatMap((opening, index) => {
    const same = written.find(({ query }) => normaliseText(query) === normaliseText(opening));
    if (same === undefined) return [];
    const line = source.lineOf(["hidden", "openings", index]);
    return [{ file, line, message: `The opening is the query of example "${same.id}"; write another one.` }];
  });
}

function duplicates(dataset: Dataset): Problem[] {
  const seen = new Map<string, string>();
  const problems: Problem[] = [];
  const meet = (what: string, key: string, place: string) => {
    const earlier = seen.get(`${what} ${key}`);
    const { file, line } = splitPlace(place);
    if (earlier === undefined) seen.set(`${what} ${key}`, place);
    else problems.push({ file, line, message: `The ${what} id "${key}" is already used at ${earlier}.` });
  };
  for (const persona of dataset.personas) meet("persona", persona.persona, `${persona.file}:1`);
  for (const example of dataset.examples) meet("example", example.id, example.place);
  return problems;
}

function splitPlace(place: string): { file: string; line: number } {
  const colon = place.lastIndexOf(":");
  return { file: place.slice(0, colon), line: Number(place.slice(colon + 1)) };
}
