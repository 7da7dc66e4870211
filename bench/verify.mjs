// The verifier that every system on this bench is given: the share of the ticket's criteria that a reply meets, and
// "FAIL x" for each that it misses. It calls nothing.
export default function verify(output, { config }) {
  const componentResults = config.criteria.map((criterion) => {
    const pass = String(output).includes(`#${criterion}`);
    return { pass, score: Number(pass), reason: pass ? "met" : `FAIL ${criterion}`, metadata: { criterion } };
  });
  const missed = componentResults.filter((one) => !one.pass);
  return {
    pass: missed.length === 0,
    score: 1 - missed.length / componentResults.length,
    reason: missed.map((one) => one.reason).join("; ") || "All criteria met",
    ...(config.flat ? {} : { componentResults }),
  };
}
