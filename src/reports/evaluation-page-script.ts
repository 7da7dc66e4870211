/**
 * What report.html runs: filter, sort and paging of the tests table, from the JSON in the page. It writes text
 * through textContent alone. Without it the page shows the first rows. Its hash stands in the page's policy.
 */
export const PAGE_SCRIPT = `
(() => {
  "use strict";
  const PAGE = 200;
  const [ID, PERSONA, TYPES, BEFORE, BEFORE_MEAN, AFTER, AFTER_MEAN, DIFFERENCE, CHANGE, SAID] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
  const SORTED_BY = [ID, PERSONA, BEFORE_MEAN, AFTER_MEAN, DIFFERENCE, CHANGE];
  const byId = (id) => document.getElementById(id);
  const { arms, tests } = JSON.parse(byId("tests-data").textContent);
  const table = byId("tests");
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const search = byId("tests-search");
  const differing = byId("tests-differing");
  const texts = tests.map((test) => [test[ID], test[PERSONA], test[TYPES]].join(" ").toLowerCase());
  const state = { page: 0, sort: null, down: false, rows: [] };

  const element = (tag, text, name) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (name) made.className = name;
    return made;
  };
  const signed = (value) => (value === null ? "-" : (value < 0 ? "-" : "+") + Math.abs(value).toFixed(2));

  function said(test) {
    const cell = element("td", undefined, "said");
    if (test[SAID] === null) return cell;
    if (typeof test[SAID] === "string") {
      cell.textContent = test[SAID];
      return cell;
    }
    const details = element("details");
    details.append(element("summary", "replies"));
    test[SAID].forEach(([reply, ...reasons], index) => {
      details.append(element("p", arms[index] + ":"), element("blockquote", reply));
      if (reasons.length > 0) {
        const list = element("ul");
        list.append(...reasons.map((reason) => element("li", reason)));
        details.append(list);
      }
    });
    cell.append(details);
    return cell;
  }

  function row(test) {
    const made = element("tr");
    const name = element("th", test[ID]);
    name.scope = "row";
    const change = element("td");
    change.append(element("span", test[CHANGE], test[CHANGE]));
    made.append(name, element("td", test[PERSONA], "text"), element("td", test[BEFORE]), element("td", test[AFTER]),
      element("td", signed(test[DIFFERENCE])), change, said(test));
    return made;
  }

  function compare(a, b) {
    const [x, y] = [tests[a][state.sort], tests[b][state.sort]];
    if (x === null || y === null) return (x === null ? 1 : 0) - (y === null ? 1 : 0) || a - b;
    const order = typeof x === "number" ? x - y : x < y ? -1 : x > y ? 1 : 0;
    return (state.down ? -order : order) || a - b;
  }

  function choose() {
    const wanted = search.value.trim().toLowerCase();
    state.rows = [];
    for (let at = 0; at < tests.length; at++) {
      if (differing.checked && tests[at][CHANGE] === "same") continue;
      if (wanted === "" || texts[at].includes(wanted)) state.rows.push(at);
    }
    if (state.sort !== null) state.rows.sort(compare);
    state.page = 0;
    show();
  }

  function show() {
    const first = state.page * PAGE;
    const shown = state.rows.slice(first, first + PAGE);
    body.replaceChildren(...shown.map((at) => row(tests[at])));
    const count = (n) => n.toLocaleString("en");
    byId("tests-status").textContent = shown.length === 0
      ? "No test matches, of " + count(tests.length) + "."
      : "Tests " + count(first + 1) + " to " + count(first + shown.length) + " of " + count(state.rows.length) +
        (state.rows.length < tests.length ? " shown, " + count(tests.length) + " in all." : ".");
    byId("tests-pages").hidden = state.rows.length <= PAGE;
    byId("tests-previous").disabled = state.page === 0;
    byId("tests-next").disabled = first + PAGE >= state.rows.length;
  }

  function turn(by) {
    state.page += by;
    show();
    table.scrollIntoView({ block: "start" });
  }

  heads.forEach((head, index) => {
    const key = SORTED_BY[index];
    if (key === undefined) return;
    const button = element("button", head.textContent);
    button.type = "button";
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      state.down = state.sort === key && !state.down;
      state.sort = key;
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", state.down ? "descending" : "ascending");
      choose();
    });
  });
  search.addEventListener("input", choose);
  differing.addEventListener("change", choose);
  byId("tests-previous").addEventListener("click", () => turn(-1));
  byId("tests-next").addEventListener("click", () => turn(1));
  differing.checked = tests.some((test) => test[CHANGE] !== "same");
  for (const controls of document.querySelectorAll(".controls")) controls.hidden = false;
  byId("tests-first").remove();
  choose();
})();
`;
