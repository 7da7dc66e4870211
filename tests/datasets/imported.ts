import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Import, type ImportOptions, importLogs } from "../../src/datasets/import/import.ts";

/** What the import makes of one file; places in it are the file's name alone. */
export async function importedFrom(name: string, text: string, options: ImportOptions = {}): Promise<Import> {
  const folder = mkdtempSync(join(tmpdir(), "grpo-import-"));
  try {
    writeFileSync(join(folder, name), text);
    const found = await importLogs([join(folder, name)], options);
    const bare = (path: string): string => path.replace(`${folder}/`, "");
    return {
      ...found,
      problems: found.problems.map((one) => ({ ...one, file: bare(one.file) })),
      duplicates: found.duplicates.map(({ place, of }) => ({ place: bare(place), of: bare(of) })),
      notes: found.notes.map(bare),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
