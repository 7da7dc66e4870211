// Preloaded into the measured process: what it used, written to $BENCH_USAGE at its end, with a sample of its
// memory every $BENCH_SAMPLE_MS on the way.
import { writeFileSync } from "node:fs";

const path = process.env.BENCH_USAGE;
if (path !== undefined) {
  delete process.env.BENCH_USAGE; // A process that this one starts is not measured.
  const began = performance.now();
  const samples = [];
  const every = Number(process.env.BENCH_SAMPLE_MS ?? 0);
  const sample = () => {
    const { rss, heapUsed, external } = process.memoryUsage();
    samples.push({ ms: Math.round(performance.now() - began), rss, heapUsed, external });
  };
  if (every > 0) setInterval(sample, every).unref();
  process.on("exit", () => {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    const { utilization } = performance.eventLoopUtilization();
    const cpuS = (userCPUTime + systemCPUTime) / 1e6;
    writeFileSync(path, JSON.stringify({ cpuS, rssMb: maxRSS / 1024, loop: utilization, samples }));
  });
}
