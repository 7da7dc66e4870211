/** The style sheet of report.html; its hash stands in the page's content security policy. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --ink: #1a1d21; --soft: #52585f; --paper: #ffffff; --panel: #f4f5f7;
  --rule: #c3c8ce; --better: #0b6b37; --worse: #b3261e; --open: #4a5568; --focus: #0b57d0; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eaed; --soft: #b0b6bd; --paper: #16181b; --panel: #22262b; --rule: #4a5058;
    --better: #6fd39a; --worse: #ff9a90; --open: #b8c0cc; --focus: #8ab4f8; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); overflow-wrap: anywhere;
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
header, main, footer { max-width: 76rem; margin: 0 auto; padding: 0 1rem; }
header { padding-top: 1.5rem; }
footer { padding-bottom: 2rem; color: var(--soft); }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.25rem; margin: 2.25rem 0 .5rem; }
h3 { font-size: 1rem; margin: 0; display: inline; }
p, ul { margin: .5rem 0; max-width: 70ch; }
ul { padding-left: 1.25rem; }
.verdict { border-left: .5rem solid var(--open); padding-left: .75rem; }
.verdict.proven { border-color: var(--better); }
.verdict.worse { border-color: var(--worse); }
.soft, caption { color: var(--soft); }
.better { color: var(--better); } .worse { color: var(--worse); } .open { color: var(--open); }
.verdict.worse, .verdict.proven { color: inherit; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.5rem, 1fr)); gap: .75rem; margin: 1rem 0; }
.facts > div { background: var(--panel); border-radius: .375rem; padding: .5rem .75rem; }
dt { color: var(--soft); font-size: .875rem; }
dd { margin: 0; font-size: 1.25rem; font-variant-numeric: tabular-nums; }
.chart { display: block; width: 100%; max-width: 32rem; height: auto; overflow: visible; }
.chart text { fill: var(--ink); font-size: 11px; text-anchor: middle; }
.chart text.mean { font-weight: 700; font-size: 13px; }
.chart line, .mark line { stroke: var(--rule); stroke-width: 1; }
.chart .zero, .mark .zero { stroke: var(--soft); stroke-dasharray: 3 2; }
.chart .bar, .chart .end { stroke: currentColor; stroke-width: 3; }
.mark .bar { stroke: currentColor; stroke-width: 2; }
.mark { display: block; }
.dot { fill: currentColor; }
.wide { overflow-x: auto; margin: .5rem 0; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding: .25rem 0; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid var(--rule); white-space: nowrap; }
thead th { border-bottom: 2px solid var(--rule); background: var(--panel); }
tbody th { font-weight: 600; white-space: normal; min-width: 9rem; }
td.said { white-space: normal; min-width: 16rem; }
td.text { white-space: normal; min-width: 8rem; }
details { margin: .5rem 0; }
td details { margin: 0; }
summary { cursor: pointer; }
section.regressions > details { border: 1px solid var(--rule); border-radius: .375rem; padding: .5rem .75rem; }
blockquote { margin: .25rem 0 .75rem; padding: .5rem .75rem; background: var(--panel); border-radius: .375rem; white-space: pre-wrap; max-width: 80ch; }
.controls { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; margin: .5rem 0; }
.controls[hidden] { display: none; }
input[type="search"], button { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--soft); border-radius: .375rem; padding: .3rem .6rem; min-height: 2rem; }
input[type="search"] { width: 16rem; max-width: 100%; }
input[type="checkbox"] { width: 1.1rem; height: 1.1rem; vertical-align: -.15rem; }
button { cursor: pointer; }
button:disabled { color: var(--soft); cursor: default; border-style: dashed; }
th button { border: 0; background: none; padding: 0; font-weight: 600; min-height: 1.5rem; text-decoration: underline dotted; }
th[aria-sort="ascending"] button::after { content: " ↑"; } th[aria-sort="descending"] button::after { content: " ↓"; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
@media print {
  :root { color-scheme: light; --ink: #000; --soft: #333; --paper: #fff; --panel: #f4f5f7; --rule: #888; --better: #0b6b37; --worse: #b3261e; --open: #4a5568; }
  body { font-size: 9pt; }
  .wide { overflow: visible; }
  th, td, td.said, td.text, tbody th { white-space: normal; min-width: 0; padding: .15rem .3rem; }
  .mark { width: 60px; }
  .controls { display: none !important; }
  thead { display: table-header-group; }
  tr, blockquote { break-inside: avoid; }
  .regressions details::details-content { content-visibility: visible; block-size: auto; }
}
`;
