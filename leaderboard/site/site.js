/* made by `serbench leaderboard build`; edits are lost */
"use strict";

/* Tables: DataTables sorts and filters; without it they stand as they are. */
const STEPS = { k: 1e3, m: 1e6, g: 1e9 };

function limit(text) {
  const found = /^([0-9]*\.?[0-9]+(?:e[0-9]+)?) *([kmg]?)$/i.exec(text.trim());
  return found ? Number(found[1]) * (STEPS[found[2].toLowerCase()] || 1) : NaN;
}

function columns(table) {
  return [...table.tHead.rows[0].cells].map((head) => {
    if ("fixed" in head.dataset) return { orderable: false };
    if (!head.dataset.better) return { type: "string", orderSequence: ["asc", "desc"] };
    return { type: "num", orderSequence: head.dataset.better === "more" ? ["desc", "asc"] : ["asc", "desc"] };
  });
}

function fits(row, form) {
  const { protocol, subject, tag } = form.elements;
  if (protocol && protocol.value && row.dataset.protocol !== protocol.value) return false;
  if (subject && subject.value && row.dataset.subject !== subject.value) return false;
  if (tag.value) {
    const has = row.dataset.tags.split(" ").includes(tag.value.slice(1));
    if (has !== (tag.value[0] === "+")) return false;
  }
  for (const input of form.querySelectorAll("[data-budget]")) {
    const most = limit(input.value);
    if (Number.isNaN(most)) continue;
    const value = row.dataset[input.name];
    if (value === "" || Number(value) > most) return false;
  }
  return true;
}

function filter(form, table) {
  const rows = table.rows().nodes().toArray();
  const byIndex = new Map(rows.map((row) => [table.row(row).index(), row]));
  table.search.fixed("form", (text, data, index) => fits(byIndex.get(index), form));
  const apply = () => {
    for (const input of form.querySelectorAll("[data-budget]")) {
      const bad = input.value.trim() !== "" && Number.isNaN(limit(input.value));
      input.setAttribute("aria-invalid", String(bad));
    }
    table.search(form.elements.find.value).draw();
    const left = table.rows({ search: "applied" }).nodes().toArray();
    form.elements.count.value = left.length === rows.length ? `${rows.length} rows` : `${left.length} of ${rows.length} rows`;
    const seen = new Set(left.map((row) => row.dataset.row));
    const own = new Set(rows.map((row) => row.dataset.row));
    for (const each of document.querySelectorAll(".mark, .lane, .recalls tr")) {
      if (own.has(each.dataset.row)) each.classList.toggle("dim", !seen.has(each.dataset.row));
    }
  };
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  form.hidden = false;
  apply();
}

function tables() {
  const ready = typeof window.DataTable === "function";
  document.querySelector(".no-vendor").hidden = ready;
  if (!ready) return;
  const bare = { topStart: null, topEnd: null, bottomStart: null, bottomEnd: null };
  for (const each of document.querySelectorAll("table.results:not(.plain)")) {
    const table = new window.DataTable(each, {
      columns: columns(each), layout: bare, paging: false, info: false, autoWidth: false, order: [],
      language: { zeroRecords: "No row fits.", emptyTable: "No row." },
    });
    const form = document.querySelector(`form[data-for="${each.id}"]`);
    if (form) filter(form, table);
  }
}

/* What a mark says: shown to those who point and to those who use the keyboard; Escape hides it. */
const tip = document.getElementById("tip");
let shown = null;

function show(target) {
  shown = target;
  tip.textContent = target.dataset.tip;
  tip.hidden = false;
  same(target.dataset.whose);
  place();
}

function place() {
  const box = shown.getBoundingClientRect();
  const most = document.documentElement.clientWidth - tip.offsetWidth - 8;
  const left = Math.min(box.left + box.width / 2 - tip.offsetWidth / 2, most);
  const top = box.top - tip.offsetHeight - 8;
  tip.style.left = `${Math.max(8, left)}px`;
  tip.style.top = `${top > 4 ? top : box.bottom + 8}px`;
}

function hide() {
  shown = null;
  tip.hidden = true;
  same(undefined);
}

function same(whose) {
  for (const dot of document.querySelectorAll(".dot")) {
    dot.classList.toggle("same", whose !== undefined && dot.dataset.whose === whose);
  }
}

function tips() {
  for (const each of document.querySelectorAll("[data-tip]")) {
    for (const title of each.querySelectorAll("title")) title.remove();
    each.addEventListener("pointerenter", () => show(each));
    each.addEventListener("pointerleave", hide);
    each.addEventListener("focus", () => show(each));
    each.addEventListener("blur", hide);
  }
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  // not hidden: the focus scrolls what it goes to into view
  document.addEventListener("scroll", () => shown && place(), { passive: true, capture: true });
}

/* A strip is one stop of the keyboard; the arrows go from speaker to speaker. */
const MOVES = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, Home: -Infinity, End: Infinity };

function strips() {
  for (const strip of document.querySelectorAll(".strip")) {
    const dots = [...strip.querySelectorAll(".dot")];
    let dot = -1;
    strip.addEventListener("keydown", (event) => {
      if (!(event.key in MOVES)) return;
      event.preventDefault();
      dot = Math.min(dots.length - 1, Math.max(0, dot + MOVES[event.key]));
      show(dots[dot]);
    });
    strip.addEventListener("blur", () => { dot = -1; hide(); });
  }
}

/* A link to a row opens its card. */
function open() {
  const card = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (card && card.tagName === "DETAILS") {
    card.open = true;
    card.scrollIntoView();
    card.querySelector("summary").focus({ preventScroll: true });
  }
}

function copies() {
  for (const button of document.querySelectorAll("[data-copy]")) {
    const code = document.getElementById(button.dataset.copy);
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(code);
        button.textContent = "Selected";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
  }
}

tables();
tips();
strips();
copies();
open();
window.addEventListener("hashchange", open);
