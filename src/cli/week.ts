import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { replaceDurably } from "../library/files.ts";
import { GrpoError } from "../library/index.ts";
import { isUnfinished, type Manifest } from "../runs/manifest.ts";
import { foldersIn, listRuns, newRunId, RUNS } from "../runs/run-folders.ts";

/** Where proposals are, relative to the config's folder. */
export const PROPOSALS = join(".grpo", "proposals");

export const STAGES = ["simulate", "flag", "add", "train", "gate"] as const;
export type StageName = (typeof STAGES)[number];

const StateSchema = z.strictObject({
  format: z.literal(1),
  id: z.string(),
  /** A conversation log in place of a simulation. */
  log: z.string().nullable(),
  /** What each stage came to, in the order in which they ended. */
  done: z.partialRecord(z.enum(STAGES), z.json()),
  finished: z.boolean(),
});
type State = z.infer<typeof StateSchema>;

/** One turn of the weekly loop on the disk: which of its stages are done, and what they came to. */
export class Week {
  readonly folder: string;
  readonly #state: State;

  private constructor(folder: string, state: State) {
    this.folder = folder;
    this.#state = state;
  }

  /** @param log a conversation log in place of a simulation */
  static begin(log: string | undefined): Week {
    const id = newRunId();
    const week = new Week(join(PROPOSALS, id), {
      format: 1,
      id,
      log: log ?? null,
      done: {},
      finished: false,
    });
    mkdirSync(week.folder, { recursive: true });
    week.#save();
    return week;
  }

  /**
   * The newest that was not finished, or the one of this id.
   * @throws GrpoError NO_RUN_TO_RESUME, RUN_UNREADABLE
   */
  static resumed(wanted: string | true): Week {
    const ids = wanted === true ? foldersIn(PROPOSALS).toReversed() : [wanted];
    for (const id of ids) {
      const state = stateIn(join(PROPOSALS, id));
      if (state !== undefined && (wanted !== true || !state.finished))
        return new Week(join(PROPOSALS, id), state);
    }
    throw new GrpoError({
      code: "NO_RUN_TO_RESUME",
      message:
        wanted === true ? "There is no unfinished weekly loop." : `There is no weekly loop "${wanted}".`,
      place: PROPOSALS,
      remedy: "Start one without --resume.",
    });
  }

  get id(): string {
    return this.#state.id;
  }

  get log(): string | undefined {
    return this.#state.log ?? undefined;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** A stage's result: what it came to before, or what the work comes to now. Unfinished work is begun again. */
  async stage<T extends z.core.util.JSONType>(name: StageName, work: () => Promise<T>): Promise<T> {
    const known = this.#state.done[name];
    // What a stage has written is what the same stage returned.
    if (known !== undefined) return known as T;
    const result = await work();
    this.#state.done[name] = result;
    this.#save();
    return result;
  }

  finish(): void {
    this.#state.finished = true;
    this.#save();
  }

  /** The run of this loop that was cut off, if there is one. */
  unfinishedRun(command: Manifest["identity"]["command"]): string | undefined {
    return this.#runs(command).findLast(isUnfinished)?.id;
  }

  /** What the runs of this loop have paid for. */
  paid(): { calls: number; tokens: number; costUsd: number } {
    const used = (["simulate", "train"] as const)
      .flatMap((one) => this.#runs(one))
      .flatMap(({ usage }) => usage ?? []);
    const sum = (of: (usage: (typeof used)[number]) => number): number =>
      used.reduce((all, one) => all + of(one), 0);
    return {
      calls: sum(({ calls }) => calls),
      tokens: sum(({ promptTokens, completionTokens }) => promptTokens + completionTokens),
      costUsd: sum(({ costUsd }) => costUsd),
    };
  }

  #runs(command: Manifest["identity"]["command"]): Manifest[] {
    return listRuns(RUNS).flatMap(({ manifest }) => {
      if (manifest instanceof GrpoError || manifest.identity.command !== command) return [];
      const { root } = manifest.library;
      const { out } = manifest.flags;
      return root.includes(this.id) || String(out ?? "").includes(this.id) ? [manifest] : [];
    });
  }

  #save(): void {
    replaceDurably(this.path("week.json"), `${JSON.stringify(StateSchema.parse(this.#state), null, 2)}\n`);
  }
}

function stateIn(folder: string): State | undefined {
  const file = join(folder, "week.json");
  if (!existsSync(file)) return undefined;
  try {
    return StateSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (cause) {
    throw new GrpoError({
      code: "RUN_UNREADABLE",
      message: "What the weekly loop has done cannot be read.",
      place: file,
      remedy: "Start a new one without --resume.",
      cause,
    });
  }
}
