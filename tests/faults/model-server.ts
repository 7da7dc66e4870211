import { setTimeout as sleep } from "node:timers/promises";
import { hashOf } from "../../src/runs/task.ts";
import { type ChatAnswer, type ChatCall, listen } from "../support/chat-api.ts";
import { agentReply, learnerReply, type Message } from "../support/training-replies.ts";

/** What a request asks, whoever sends it: equal keys are one paid call. */
export const keyOf = (seed: unknown, messages: unknown): string => hashOf([seed ?? null, messages]);

/** A request as the server met it. */
export interface Asked {
  key: string;
  /** The schema's name, when the learner is asked. */
  learner: string | null;
  /** The learner is told that its first answer cannot be used. */
  again: boolean;
  /** How often this key has come, this time included. */
  nth: number;
  /** `ok`: an ordinary completion was sent; `waiting`: nothing yet; else the fault's name. */
  answer: string;
}

export interface Trouble extends ChatAnswer {
  name: string;
}

/** One project's own address at the server. */
export interface Channel {
  readonly baseUrl: string;
  readonly asked: Asked[];
  /** What goes wrong with a request; undefined is an ordinary answer. */
  trouble: ((asked: Asked, reply: string) => Trouble | undefined) | undefined;
  /** Milliseconds every answer takes at least. */
  latencyMs: number;
  /** No answer is given before it is. */
  hold: Promise<void> | undefined;
  /** Questions to which the agent takes no notice of its library. */
  deaf: string | undefined;
}

export interface ModelServer {
  channel(): Channel;
  close(): void;
}

const AGAIN = /^That cannot be used/;

/**
 * A model behind HTTP on 127.0.0.1. What it says is a function of messages, seed and temperature alone, so that
 * every run that asks the same comes to the same library.
 */
export async function modelServer(): Promise<ModelServer> {
  const channels: Channel[] = [];
  const { origin, close } = await listen(async (call) => {
    const channel = channels[Number(/^\/(\d+)\//.exec(call.path)?.[1])];
    if (channel === undefined) return { status: 404 };
    const { asked, reply } = meet(channel, call);
    channel.asked.push(asked);
    await sleep(channel.latencyMs + (Number.parseInt(asked.key.slice(0, 4), 16) % 15));
    await channel.hold;
    const trouble = channel.trouble?.(asked, reply);
    asked.answer = trouble?.name ?? "ok";
    return trouble ?? { content: reply };
  });
  return {
    channel: () => {
      const channel = {
        baseUrl: `${origin}/${channels.length}/v1`,
        asked: [],
        trouble: undefined,
        latencyMs: 5,
        hold: undefined,
        deaf: undefined,
      };
      channels.push(channel);
      return channel;
    },
    close,
  };
}

interface Body {
  messages: Message[];
  seed?: number;
  temperature?: number;
  response_format?: { json_schema?: { name?: string } };
}

function meet(channel: Channel, { body }: ChatCall): { asked: Asked; reply: string } {
  const { messages, seed, temperature, response_format } = body as unknown as Body;
  const key = keyOf(seed, messages);
  const learner = response_format?.json_schema?.name ?? null;
  const again = AGAIN.test(messages.at(-1)?.content ?? "");
  const nth = channel.asked.filter((one) => one.key === key).length + 1;
  return {
    asked: { key, learner, again, nth, answer: "waiting" },
    reply:
      learner === null
        ? agentReply(
            messages,
            { seed, temperature: temperature === 0 ? undefined : temperature },
            channel.deaf === undefined ? {} : { deaf: channel.deaf },
          )
        : // Asked again it says what it would have said at first: the product asks with the next seed.
          learnerReply(learner, messages.at(again ? -3 : -1)?.content ?? "", (seed ?? 0) - (again ? 1 : 0)),
  };
}
