import { safeText } from "../library/index.ts";

/** Text of others inside an element or a quoted attribute; controls and reordering marks become visible. */
export function html(text: string): string {
  return safeText(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

/** JSON inside a script element: no `<` means no end tag and no comment can start. */
export const jsonIsland = (id: string, value: unknown): string =>
  `<script type="application/json" id="${id}">${JSON.stringify(value).replaceAll("<", "\\u003c")}</script>`;

/** A table that scrolls sideways by itself when it is too wide, by keyboard too. Cells are HTML already. */
export function htmlTable(parts: {
  caption: string;
  head: readonly string[];
  rows: readonly string[];
  id?: string;
}): string {
  const id = parts.id === undefined ? "" : ` id="${parts.id}"`;
  const head = parts.head.map((one) => `<th scope="col">${html(one)}</th>`).join("");
  return `<div class="wide" role="region" tabindex="0" aria-label="${html(parts.caption)}"><table${id}><caption>${html(parts.caption)}</caption><thead><tr>${head}</tr></thead><tbody>
${parts.rows.join("\n")}
</tbody></table></div>`;
}

/** A cell of figures, which do not wrap, or of `text`, which does. What is inside is HTML already. */
export const td = (inside: string, kind: "" | "text" | "said" = ""): string =>
  `<td${kind === "" ? "" : ` class="${kind}"`}>${inside}</td>`;

/** A row with its header first: HTML already, as are the cells. */
export const htmlRow = (name: string, cells: readonly string[]): string =>
  `<tr><th scope="row">${name}</th>${cells.join("")}</tr>`;
