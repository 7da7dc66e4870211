import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Dataset, Example } from "../../src/datasets/schema.ts";

/** A new folder with these files. */
export function folderOf(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), "datasets-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

/** A correct persona file with one example. Line 7 is `examples:`, line 8 the example's id. */
export const MIA = `persona: mia
name: Mia
userTypes: [general]
heldOut: false
background: Came with a friend.
voice: Short lines.
examples:
  - id: mia-01
    query: it was all very blue and i miss it
    turns:
      - { role: assistant, content: How are you today? }
    good_response: >-
      Missing it sounds tender. What was the blue like?
    bad_response: You should journal.
    success_criteria:
      validates-emotion: true
      does-not-push: false
`;

export function example(id: string, persona: string, over: Partial<Example> = {}): Example {
  return {
    id,
    persona,
    userTypes: ["general"],
    query: `a question of its own ${id}`,
    turns: [],
    good_response: "That sounds tender.",
    bad_response: "Cheer up.",
    success_criteria: { "validates-emotion": true },
    place: `${persona}.yaml:1`,
    ...over,
  };
}

/** Personas with `counts[persona]` examples each; those named in `heldOut` are the sealed test. */
export function datasetOf(
  counts: Record<string, number>,
  heldOut: readonly string[] = [],
  over: Partial<Example> = {},
): Dataset {
  const personas = Object.keys(counts).map((persona) => ({
    persona,
    name: persona,
    userTypes: ["general"],
    heldOut: heldOut.includes(persona),
    background: "x",
    voice: "x",
    file: `${persona}.yaml`,
  }));
  const examples = Object.entries(counts).flatMap(([persona, count]) =>
    Array.from({ length: count }, (_, index) => example(`${persona}-${index + 1}`, persona, over)),
  );
  return { folder: "memory", personas, examples };
}
