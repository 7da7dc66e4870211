import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll } from "vitest";

const NEEDED = ["initdb", "pg_ctl"];
const HOW = "apt-get install postgresql (or put its initdb and pg_ctl on the PATH)";

/** Folder of the server's programs: the PATH, then where Debian keeps them, the newest first. */
function binaries(): string | undefined {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).toSorted((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...(process.env["PATH"] ?? "").split(delimiter),
    ...versions.map((version) => join(debian, version, "bin")),
  ];
  return folders.find((folder) => NEEDED.every((name) => existsSync(join(folder, name))));
}

const bin = binaries();
if (bin === undefined && process.env["CI"] === "true") throw new Error(`PostgreSQL is not installed: ${HOW}`);

/** Why tests that need PostgreSQL are left out; undefined where it is there. */
export const withoutPostgres: string | undefined =
  bin === undefined ? `left out, PostgreSQL is not installed: ${HOW}` : undefined;
if (withoutPostgres !== undefined) process.stderr.write(`PostgreSQL tests: ${withoutPostgres}\n`);

export interface TestServer {
  /** A new, empty database, made `with` more than a name; its connection string. */
  database(more?: string): Promise<string>;
  query(url: string, sql: string): Promise<Record<string, unknown>[]>;
}

/** A cluster of this test file's own on a socket in a temporary folder; it is gone with the file. */
export function postgresServer(): TestServer {
  let cluster: Cluster | undefined;
  let databases = 0;
  const running = (): Cluster => {
    if (cluster === undefined) throw new Error("the server runs while tests do");
    return cluster;
  };
  const query = async (url: string, sql: string): Promise<Record<string, unknown>[]> => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query(sql)).rows as Record<string, unknown>[];
    } finally {
      await client.end();
    }
  };
  beforeAll(() => {
    if (bin !== undefined) cluster = startCluster(bin);
  });
  afterAll(() => cluster?.stop());
  return {
    database: async (more = "") => {
      const name = `test_${++databases}`;
      await query(running().url("postgres"), `create database ${name} ${more}`);
      return running().url(name);
    },
    query,
  };
}

interface Cluster {
  url(database: string): string;
  stop(): void;
}

/** PostgreSQL does not run as root: there it runs as `postgres`, or as nobody. */
function startCluster(folder: string): Cluster {
  const home = mkdtempSync(join(tmpdir(), "grpo-pg-"));
  const as = process.getuid?.() === 0 ? unprivileged() : undefined;
  if (as !== undefined) chownSync(home, as.uid, as.gid);
  chmodSync(home, 0o755);
  const run = (program: string, ...args: string[]): void => {
    execFileSync(join(folder, program), args, { cwd: home, stdio: ["ignore", "ignore", "pipe"], ...as });
  };
  const data = join(home, "data");
  const password = "s3cret/pässword";
  run("initdb", "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync");
  const settings = `-k '${home}' -c listen_addresses='' -c fsync=off -c max_connections=60 -c shared_buffers=16MB`;
  run("pg_ctl", "-D", data, "-w", "-l", join(home, "log"), "-o", settings, "start");
  return {
    url: (database) =>
      `postgresql://tester:${encodeURIComponent(password)}@/${database}?host=${encodeURIComponent(home)}`,
    stop: () => {
      run("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop");
      rmSync(home, { recursive: true, force: true });
    },
  };
}

function unprivileged(): { uid: number; gid: number } {
  for (const name of ["postgres", "nobody"]) {
    const ids = ["-u", "-g"].map((flag) =>
      Number(spawnSync("id", [flag, name], { encoding: "utf8" }).stdout),
    );
    const [uid, gid] = ids;
    if (uid !== undefined && gid !== undefined && uid > 0) return { uid, gid };
  }
  throw new Error("PostgreSQL does not run as root, and there is no user postgres or nobody");
}
