import { loadPersonaFolder } from "./load.ts";
import { type ExampleTest, type TestsOptions, toPromptfooTests } from "./tests.ts";

/**
 * The examples of a folder of persona files as promptfoo tests, for a `tests:` file of a promptfooconfig.
 * @throws GrpoError naming the file and line that is wrong
 */
export async function personaTests(folder: string, options: TestsOptions = {}): Promise<ExampleTest[]> {
  return toPromptfooTests(await loadPersonaFolder(folder), options);
}
