import type { LoggedTurn } from "../conversation.ts";
import { type ReadOptions, Unreadable } from "./draft.ts";

type Role = LoggedTurn["role"];

const KNOWN: Readonly<Record<Role, readonly string[]>> = {
  user: "user human client seeker patient person customer caller visitor member prompter me".split(" "),
  assistant:
    "assistant ai agent bot chatbot gpt chatgpt claude gemini model supporter therapist counselor counsellor helper listener integro".split(
      " ",
    ),
  system: ["system", "developer"],
};

export interface Speakers {
  /** undefined: nobody that is known. */
  roleOf(speaker: string): Role | undefined;
  /** @throws Unreadable naming the flags that would tell */
  requireRole(speaker: string): Role;
  /** Names of people among the speakers that the user told. */
  readonly names: string[];
}

const plain = (speaker: string): string => speaker.normalize("NFKC").trim().toLowerCase();

/** Who speaks for whom: the words that logs use, and the names that the user gave. */
export function speakersOf({ users = [], assistants = [] }: ReadOptions): Speakers {
  const roles = new Map<string, Role>();
  for (const role of ["user", "assistant", "system"] as const)
    for (const name of KNOWN[role]) roles.set(name, role);
  const names = [...users, ...assistants].filter((name) => !roles.has(plain(name)));
  for (const name of users) roles.set(plain(name), "user");
  for (const name of assistants) roles.set(plain(name), "assistant");
  const roleOf = (speaker: string): Role | undefined => roles.get(plain(speaker));
  return {
    roleOf,
    requireRole: (speaker) => {
      const role = roleOf(speaker);
      if (role !== undefined) return role;
      throw new Unreadable(
        `It is not known who "${speaker.slice(0, 60)}" is: --user or --assistant says it.`,
      );
    },
    names,
  };
}
