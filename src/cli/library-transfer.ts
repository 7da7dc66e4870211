import { GrpoError } from "../library/error.ts";
import type { LibraryAddress } from "../library/state.ts";
import type { LibraryStores } from "../library/stores.ts";
import { safeLine } from "../library/text.ts";
import type { Received } from "../library/transfer.ts";

/** `library export` and `import`: text and history of one library, or of all, byte for byte; one line each. */
export async function copyLibraries(
  from: LibraryStores,
  to: LibraryStores,
  only: Partial<LibraryAddress>,
): Promise<string> {
  const all = (await from.addresses()).filter(
    ({ agent, route }) => agent === (only.agent ?? agent) && route === (only.route ?? route),
  );
  if (all.length === 0) throw nothingThere(from, only);
  const lines: string[] = [];
  for (const address of all) {
    const received = await to.open(address).receive(await from.open(address).snapshot());
    lines.push(`${safeLine(`${address.agent}/${address.route}`)}  ${outcomeOf(received)}`);
  }
  return [`${safeLine(from.place)} -> ${safeLine(to.place)}`, ...lines].join("\n");
}

function outcomeOf({ lines, text }: Received): string {
  if (lines === 0) return text ? "an edit by hand was taken over" : "nothing new";
  return `${lines} line${lines === 1 ? "" : "s"} of history taken over`;
}

function nothingThere(from: LibraryStores, { agent, route }: Partial<LibraryAddress>): GrpoError {
  const which = [agent, route].filter((one) => one !== undefined).join("/");
  return new GrpoError({
    code: "LIBRARY_NOT_FOUND",
    message: `There is no library${which === "" ? "" : ` of ${which}`} to take.`,
    place: from.place,
    remedy: "`promptfoo-grpo library list` names what there is.",
  });
}
