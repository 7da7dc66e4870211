import { type LibraryStore, safeLine } from "../library/index.ts";
import { acceptProposal, rejectProposal } from "../optimizer/proposal.ts";

/** `library accept`. @returns what to print */
export async function acceptText(store: LibraryStore, folder: string, reason: string): Promise<string> {
  const version = await acceptProposal(store, folder, reason);
  return `${safeLine(store.path)} is version ${version} now.`;
}

/** `library reject`. @returns what to print */
export async function rejectText(store: LibraryStore, folder: string, reason: string): Promise<string> {
  await rejectProposal(store, folder, reason);
  return "Rejected; it is remembered and not proposed again from the same library.";
}
