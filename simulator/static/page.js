"use strict";
/* Everything that comes from a channel or from Odoo is written with textContent:
   a SKU may well be called <script>. */

const MARKS = {
  equal: "✓", zero: "✓", suppressed: "≠", way: "→", different: "≠", channel: "",
  hold: "‖", missing: "≠", unknown: "", plain: "",
};
const GROUPS = [
  ["all", "All", null],
  ["equal", "as Odoo wants", ["equal", "zero"]],
  ["way", "on their way", ["way"]],
  ["different", "different", ["different", "missing"]],
  ["suppressed", "suppressed at zero", ["suppressed"]],
  ["hold", "on hold", ["hold"]],
  ["channel", "shipped by the channel", ["channel"]],
  ["unknown", "not in Odoo", ["unknown"]],
];
const FAULTS = [
  ["Rate limit the next 5 calls", () => ({operation: "*", kind: "429", times: 5})],
  ["Be slow", () => ({operation: "*", kind: "slow", seconds: 5, times: 5})],
  ["Swallow the next update", (c) => ({operation: c.updates, kind: "ignore"})],
  ["Lose the answer", (c) => ({operation: c.updates, kind: "reset_after"})],
];
const FAULT_WORDS = {
  "429": "“too many requests”", slow: "is slow", ignore: "swallows an update",
  reset_after: "does it, then drops the line", reset: "drops the line",
  "503_empty": "answers an empty 503", delay: "shows updates late",
};

const $ = (selector) => document.querySelector(selector);
let latest = null, chosen = "all", skew = 0, headKey = "";
const rows = new Map(), cards = new Map();

function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") node.className = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

function put(node, text) {
  text = text === null || text === undefined ? "" : String(text);
  if (node.textContent === text) return false;
  node.textContent = text;
  return true;
}

function flash(node) {
  node.classList.remove("flash");
  void node.offsetWidth;
  node.classList.add("flash");
}

function ago(time) {
  if (!time) return "";
  const seconds = Math.max(0, Math.round(Date.now() / 1000 + skew - time));
  if (seconds < 60) return seconds + " s ago";
  if (seconds < 3600) return Math.floor(seconds / 60) + " min ago";
  if (seconds < 86400) return Math.floor(seconds / 3600) + " h ago";
  return Math.floor(seconds / 86400) + " d ago";
}

function clock(time) {
  return new Date(time * 1000).toTimeString().slice(0, 8);
}

async function send(method, path, spec) {
  const response = await fetch(path, {
    method, headers: {"Content-Type": "application/json"},
    body: spec ? JSON.stringify(spec) : undefined,
  });
  const answer = await response.json();
  if (!response.ok) say(answer.error);
  refresh();
  return response.ok ? answer : null;
}

function say(text) {
  put($("#said"), text);
  $("#said").hidden = false;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => { $("#said").hidden = true; }, 6000);
}

/* --- the table --- */
function drawHead(columns) {
  const key = JSON.stringify(columns);
  if (key === headKey) return;
  headKey = key;
  const groups = el("tr", {class: "groups"}, el("th", {}, "SKU"), el("th", {class: "first odoo"}, "Odoo"));
  const sites = el("tr", {class: "sites"}, el("th", {}, "Product"),
    el("th", {class: "first odoo", title: "Free stock in all warehouses, and where the listing's quantity comes from"}, "Free stock · source"));
  let before = null;
  for (const column of columns) {
    const first = column.channel !== (before && before.channel);
    if (first) {
      const span = columns.filter((c) => c.channel === column.channel).length;
      groups.append(el("th", {colspan: span, class: "first"}, column.title));
    }
    sites.append(el("th", {title: column.site, class: first ? "first" : ""}, column.site_name));
    before = column;
  }
  $("#shelf thead").replaceChildren(groups, sites);
  $("#shelf tbody").replaceChildren();
  rows.clear();
}

function makeRow(columns) {
  const row = {sku: el("div", {class: "sku"}), title: el("div", {class: "title small"}),
    free: el("div", {class: "free"}), source: el("div", {class: "small"}), cells: []};
  row.odoo = el("td", {class: "first odoo"}, row.free, row.source);
  row.tr = el("tr", {}, el("td", {class: "product"}, row.sku, row.title), row.odoo);
  columns.forEach((column, index) => {
    const first = !index || columns[index - 1].channel !== column.channel;
    const cell = makeCell(column, first ? "cell first" : "cell");
    row.cells.push(cell);
    row.tr.append(cell.td);
  });
  return row;
}

function makeCell(column, base) {
  const cell = {column, base, sku: "", data: null};
  cell.shown = el("button", {class: "shown", title: "Edit, as a person would on the channel", onclick: () => edit(cell)});
  cell.mark = el("span", {class: "mark"});
  cell.wanted = el("span", {class: "wanted"});
  cell.words = el("span", {class: "words"});
  cell.age = el("span", {class: "age"});
  cell.numbers = el("div", {class: "numbers"}, cell.shown, cell.mark, cell.wanted);
  cell.buy = el("div", {class: "buy"}, ...buyButtons(cell));
  cell.td = el("td", {class: base}, cell.numbers, cell.buy, el("div", {class: "small"}, cell.words, cell.age));
  return cell;
}

function drawRow(row, data, stale) {
  put(row.sku, data.sku || "(no SKU)");
  put(row.title, data.title);
  row.title.title = data.title;
  const odoo = data.odoo;
  const free = odoo && odoo.free !== null ? odoo.free : "–";
  if (put(row.free, free) && row.drawn) flash(row.free);
  put(row.source, odoo ? odoo.source : latest.odoo.state === "ok" ? "not in Odoo" : "");
  row.source.classList.toggle("source-mto", Boolean(odoo) && odoo.sources.includes("mto"));
  row.odoo.classList.toggle("stale", stale);
  data.cells.forEach((cell, index) => drawCell(row.cells[index], data.sku, cell, row.drawn, stale));
  row.drawn = true;
}

function drawCell(cell, sku, data, drawn, stale) {
  cell.sku = sku;
  cell.data = data;
  cell.td.className = cell.base + (data ? " " + data.mark : "");
  cell.numbers.hidden = !data;
  cell.buy.hidden = !data || !data.buyable;
  if (!data) { put(cell.words, ""); put(cell.age, ""); return; }
  const shown = data.quantity === null ? "–" : data.quantity;
  if (put(cell.shown, shown) && drawn) flash(cell.shown);
  cell.shown.disabled = !data.editable;
  for (const button of cell.buy.children) {
    button.disabled = !data.endless && (data.quantity === null || data.quantity < Number(button.dataset.units));
  }
  put(cell.mark, MARKS[data.mark]);
  const compares = data.wanted !== null && data.mark !== "channel";
  if (put(cell.wanted, compares ? "Odoo " + data.wanted : "") && drawn && compares) flash(cell.wanted);
  cell.wanted.classList.toggle("stale", stale);
  cell.td.title = data.hint;
  put(cell.words, data.words);
  drawAge(cell);
}

function drawAge(cell) {
  if (!cell.data) return;
  put(cell.age, ago(cell.data.updated_at));
}

function edit(cell) {
  if (cell.input) return;
  const input = el("input", {class: "edit", type: "number", min: 0, step: 1, "aria-label": "Quantity of " + cell.sku});
  const done = () => { cell.input = null; input.replaceWith(cell.shown); };
  input.value = cell.data.quantity ?? 0;
  input.addEventListener("blur", () => { if (cell.input) done(); });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") done();
    if (event.key !== "Enter" || !input.value) return;
    const spec = {channel: cell.column.channel, site: cell.column.site, sku: cell.sku, quantity: Number(input.value)};
    done();
    send("POST", "/_control/quantity", spec);
  });
  cell.input = input;
  cell.shown.replaceWith(input);
  input.select();
}

function drawTable(data) {
  drawHead(data.columns);
  $("#shelf").classList.toggle("alone", data.odoo.state === "off");
  const body = $("#shelf tbody"), stale = data.odoo.state === "error";
  const seen = new Set();
  let place = body.firstChild;
  for (const item of data.rows) {
    let row = rows.get(item.sku);
    if (!row) rows.set(item.sku, row = makeRow(data.columns));
    drawRow(row, item, stale);
    row.tr.hidden = !matches(item);
    seen.add(item.sku);
    if (row.tr === place) place = place.nextSibling;
    else body.insertBefore(row.tr, place);
  }
  for (const [sku, row] of rows) if (!seen.has(sku)) { row.tr.remove(); rows.delete(sku); }
}

/* --- counts, which are filters too --- */
function matches(item) {
  const marks = GROUPS.find(([name]) => name === chosen)[2];
  return !marks || item.cells.some((cell) => cell && marks.includes(cell.mark));
}

function drawChips(data) {
  const cells = data.rows.flatMap((row) => row.cells).filter(Boolean);
  const chips = [];
  for (const [name, words, marks] of GROUPS) {
    const count = marks ? cells.filter((c) => marks.includes(c.mark)).length : cells.length;
    if (!count && name !== chosen && name !== "all") continue;
    chips.push({name, words, count});
  }
  const box = $("#chips");
  const key = JSON.stringify([chosen, chips]);
  if (box.dataset.key === key) return;
  box.dataset.key = key;
  box.replaceChildren(...chips.map((chip) => el("button", {
    class: "chip", "aria-pressed": String(chip.name === chosen),
    onclick: () => { chosen = chip.name; draw(latest); },
  }, el("b", {}, String(chip.count)), " " + (chip.name === "all" ? "listings" : chip.words))));
}

/* --- requests and faults --- */
function makeCard(channel) {
  const card = {count: el("span", {class: "small"}), faults: el("div", {}), calls: el("ol", {class: "calls"})};
  const buttons = FAULTS.map(([words, fault]) => el("button", {
    onclick: () => send("POST", "/_control/faults", {channel: channel.name, ...fault(channel)}),
  }, words));
  card.node = el("div", {class: "card"},
    el("div", {class: "head"}, el("h2", {}, channel.title), card.count),
    el("div", {class: "small"}, "API address for the account in Odoo ", el("code", {}, location.origin + "/" + channel.name)),
    el("div", {class: "buttons"}, ...buttons), card.faults, card.calls);
  return card;
}

function drawCard(card, channel) {
  put(card.count, channel.calls + (channel.calls === 1 ? " call" : " calls"));
  const faults = JSON.stringify(channel.faults);
  if (card.faultKey !== faults) {
    card.faultKey = faults;
    card.faults.replaceChildren(...(channel.faults.length ? [waiting(channel)] : []));
  }
  const last = channel.log.length ? channel.log[0].n : -1;
  if (card.last === last) return;
  card.last = last;
  card.calls.replaceChildren(...(channel.log.length ? channel.log.map(call) :
    [el("span", {class: "small"}, "No call yet.")]));
}

function waiting(channel) {
  const words = channel.faults.map((f) => (FAULT_WORDS[f.kind] || f.kind)
    + (f.times < 0 ? ", always" : ` (${f.times} to come)`));
  return el("div", {class: "waiting"}, el("span", {}, words.join("; ")),
    el("button", {class: "link", onclick: () => send("DELETE", "/_control/faults?channel=" + channel.name)}, "Behave again"));
}

function call(entry) {
  const fine = entry.status >= 200 && entry.status < 400;
  return el("li", {title: entry.method + " " + entry.path + (entry.fault ? "\nmisbehaved as asked: " + entry.fault : "")},
    el("span", {class: "small"}, clock(entry.time)),
    el("span", {class: "op"}, (entry.fault ? "⚡ " : "") + entry.operation),
    el("span", {class: "right " + (fine ? "ok" : "ko")}, entry.status ? String(entry.status) : "lost"),
    el("span", {class: "right small"}, entry.ms < 1000 ? Math.round(entry.ms) + " ms" : (entry.ms / 1000).toFixed(1) + " s"));
}

function drawCards(data) {
  for (const channel of data.channels) {
    let card = cards.get(channel.name);
    if (!card) {
      cards.set(channel.name, card = makeCard(channel));
      $("#channels").append(card.node);
    }
    drawCard(card, channel);
  }
}

/* --- all of it --- */
const ODOO_WORDS = {off: "Odoo not connected", waiting: "Asking Odoo …", ok: "Odoo connected", error: "Odoo does not tell"};

function draw(data) {
  latest = data;
  skew = data.now - Date.now() / 1000;
  const odoo = data.odoo;
  put($("#odoo"), ODOO_WORDS[odoo.state]);
  $("#odoo").className = "pill " + odoo.state;
  put($("#remark"), odoo.message);
  $("#remark").hidden = !odoo.message;
  $("#remark").className = odoo.state === "error" ? "banner bad" : "banner";
  drawChips(data);
  drawTable(data);
  const visible = data.rows.filter(matches).length;
  $(".scroll").hidden = !visible;
  $("#empty").hidden = Boolean(visible);
  put($("#empty"), emptyWords(data));
  $("#more").hidden = data.total <= data.rows.length;
  put($("#more"), `${data.rows.length} of ${data.total} SKUs; search to find the others.`);
  drawTrade(data);
  drawCards(data);
}

function emptyWords(data) {
  if ($("#search").value) return "No SKU or title contains this.";
  if (data.rows.length) return "None just now.";
  return "The shops are empty.\nSeed them: POST /_control/seed {\"channel\": …, \"listings\": […]}, or start with --seed FILE.json.";
}

let asking = 0;
async function refresh() {
  const mine = ++asking;
  try {
    const response = await fetch("/_page/data?q=" + encodeURIComponent($("#search").value));
    if (!response.ok) throw new Error(response.status);
    const data = await response.json();
    $("#offline").hidden = true;
    if (mine === asking) draw(data);
  } catch (error) {
    if (!(error instanceof TypeError) && String(error.message).length > 3) throw error;
    $("#offline").hidden = false;
  }
}

async function loop() {
  if (!document.hidden) await refresh().catch(console.error);
  setTimeout(loop, 1000);
}

$("#search").addEventListener("input", refresh);
setInterval(() => rows.forEach((row) => row.cells.forEach(drawAge)), 1000);
loop();
