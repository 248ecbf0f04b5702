const tables = [...document.querySelectorAll("table.components")];
const everything = tables.flatMap((table) => [...table.tBodies]);
const [toolbar] = document.getElementsByClassName("toolbar");
const search = toolbar?.querySelector("input");

/* A cell without a key is of no known value: last, whichever way. */
function order(column, numeric, sign) {
  const key = (body) => body.rows[0].cells[column].dataset.sort;
  const compare = numeric ? (a, b) => a - b : new Intl.Collator("en", { numeric: true }).compare;
  return (left, right) => {
    const [a, b] = [key(left), key(right)];
    if (a === "" || b === "") return (a === "") - (b === "");
    return sign * compare(a, b);
  };
}

/* All tables have the same columns and are sorted together. */
function sort(column) {
  const head = tables[0].tHead.rows[0].cells[column];
  const opposite = { ascending: "descending", descending: "ascending" };
  const direction = opposite[head.getAttribute("aria-sort")] ?? head.dataset.first;
  const by = order(column, head.dataset.kind === "number", direction === "ascending" ? 1 : -1);
  for (const table of tables) {
    for (const cell of table.tHead.rows[0].cells) cell.removeAttribute("aria-sort");
    table.tHead.rows[0].cells[column].setAttribute("aria-sort", direction);
    table.append(...[...table.tBodies].sort(by));
  }
}

function find() {
  const words = search.value.toLowerCase().split(/\s+/);
  for (const body of everything) {
    const text = body.dataset.find.toLowerCase();
    body.hidden = !words.every((word) => text.includes(word));
  }
  for (const table of tables) {
    table.closest("section").hidden = [...table.tBodies].every((body) => body.hidden);
  }
  const shown = everything.filter((body) => !body.hidden).length;
  toolbar.querySelector("output").value = `${shown} of ${everything.length} shown`;
}

/* A link to a component opens its details, even where the search hides it. */
function open() {
  const body = everything.find((body) => `#${body.id}` === location.hash);
  if (!body) return;
  if (body.hidden) {
    search.value = "";
    find();
  }
  body.querySelector("details").open = true;
  body.scrollIntoView();
}

for (const table of tables) {
  for (const cell of table.tHead.rows[0].cells) {
    if (!cell.dataset.first) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...cell.childNodes);
    button.addEventListener("click", () => sort(cell.cellIndex));
    cell.append(button);
  }
}
if (toolbar) {
  toolbar.hidden = false;
  search.addEventListener("input", find);
  find();
}
addEventListener("hashchange", open);
open();
