/* Buying, orders and notifications. Shares its helpers with page.js. */

const ACTIONS = {
  pay: "Payment arrives", ship: "Carrier scans it", edit: "Change quantity",
  request_cancellation: "Buyer asks to cancel", cancel: "Cancel", refund: "Refund",
  return_goods: "1 comes back",
};
const desks = new Map();

function manner() {
  const option = $("#manner").selectedOptions[0];
  return {delivery: option.value, seconds: Number(option.dataset.seconds || 0)};
}

async function buy(cell, quantity, more = {}) {
  const {channel, site} = cell.column;
  const spec = {channel, site, sku: cell.sku, quantity, ...manner(), ...more};
  const answer = await send("POST", "/_control/buy", spec);
  if (!answer) return;
  const order = answer.order;
  say(`Order ${order.name}: ${quantity} × ${cell.sku}${order.note ? " (" + order.note + ")" : ""}`);
}

function buyButtons(cell) {
  const kinds = [["Buy 1", 1, {}], ["Buy 5", 5, {}]];
  if (cell.column.pending) kinds.push(["1 unpaid", 1, {pending: true}]);
  return kinds.map(([words, units, more]) => el("button", {
    "data-units": units, onclick: () => buy(cell, units, more),
    title: more.pending ? "Buy 1, and the money comes later (Pending)" : "As a buyer does",
  }, words));
}

function act(order, verb, more = {}) {
  send("POST", "/_control/" + verb, {channel: order.channel, order: order.id, ...manner(), ...more});
}

/* --- one channel --- */
function makeDesk(channel) {
  const desk = {
    count: el("span", {class: "small"}), receiver: el("span", {class: "small"}),
    orders: el("ol", {class: "orders"}), told: el("ol", {class: "told"}), key: "",
  };
  desk.address = el("input", {type: "url", placeholder: "http://127.0.0.1:8069/…", "aria-label": "Callback address"});
  desk.callback = el("form", {class: "callback", onsubmit: (event) => {
    event.preventDefault();
    send("POST", "/_control/subscribe", {channel: channel.name, callback: desk.address.value.trim()});
  }}, desk.address, el("button", {}, "Set callback"));
  desk.node = el("div", {class: "card"},
    el("div", {class: "head"}, el("h2", {}, channel.title + " orders"), desk.count),
    desk.orders,
    el("div", {class: "head"}, el("h3", {}, "Notifications"), desk.receiver),
    desk.callback, desk.told);
  return desk;
}

function drawDesk(desk, trade) {
  put(desk.count, trade.orders_total + (trade.orders_total === 1 ? " order" : " orders")
    + (trade.orders_total > trade.orders.length ? `, the last ${trade.orders.length} shown` : ""));
  put(desk.receiver, trade.receiver);
  desk.callback.hidden = trade.callback === null;
  if (trade.callback !== null && desk.shown !== trade.callback) {
    desk.shown = trade.callback;
    desk.address.value = trade.callback;
  }
  const orders = JSON.stringify(trade.orders), told = JSON.stringify(trade.notifications);
  if (desk.ordersKey !== orders && !desk.orders.querySelector("input")) {
    desk.ordersKey = orders;
    desk.orders.replaceChildren(...(trade.orders.length ? trade.orders.map(orderRow) :
      [el("li", {class: "small"}, "No order yet: press Buy beside a SKU above.")]));
  }
  if (desk.toldKey !== told) {
    desk.toldKey = told;
    desk.told.replaceChildren(...(trade.notifications.length ? trade.notifications.map((n) => toldRow(desk, n)) :
      [el("li", {class: "small"}, "Nothing told yet.")]));
  }
}

function orderRow(order) {
  const state = order.cancelled ? "gone" : order.shipments.length && order.lines.every((l) => l.shipped >= l.quantity) ? "done" : "open";
  const node = el("li", {class: "order " + state},
    el("div", {class: "head"},
      el("b", {title: order.id}, order.name),
      el("span", {class: "badge"}, order.status),
      order.refunded ? el("span", {class: "badge warn"}, "refunded") : "",
      el("span", {class: "grow"}),
      el("span", {class: "money"}, order.total ? `${order.total} ${order.currency}` : ""),
      el("span", {class: "small"}, clock(order.placed_at))),
    ...order.lines.map(lineRow),
    ...order.shipments.filter((s) => s.tracking || s.status).map(parcelRow));
  if (order.note) node.append(el("div", {class: "note"}, order.note));
  if (order.actions.length) node.append(el("div", {class: "buttons"}, ...order.actions.map((verb) =>
    el("button", {onclick: () => verb === "edit" ? editOrder(node, order) : act(order, verb)}, ACTIONS[verb] || verb))));
  return node;
}

function lineRow(line) {
  const shipped = line.shipped ? `, ${line.shipped} sent` : "";
  return el("div", {class: "line"}, el("span", {class: "units"}, line.quantity + " ×"),
    el("span", {class: "sku", title: line.title}, line.sku || "(no SKU)"), el("span", {class: "small"}, shipped));
}

function parcelRow(parcel) {
  return el("div", {class: "parcel"}, "▣ ", el("span", {}, parcel.tracking || "no tracking number"),
    el("span", {class: "small"}, [parcel.carrier, parcel.status].filter(Boolean).join(" · ")));
}

function editOrder(node, order) {
  const buttons = node.querySelector(".buttons");
  const done = (box) => { box.remove(); buttons.hidden = false; };
  const inputs = order.lines.filter((line) => line.quantity).map((line) => [line, el("input", {
    class: "edit", type: "number", min: 0, step: 1, value: line.quantity, "aria-label": "Quantity of " + line.sku})]);
  const box = el("form", {class: "buttons", onsubmit: (event) => {
    event.preventDefault();
    for (const [line, input] of inputs) {
      const quantity = Number(input.value);
      if (input.value !== "" && quantity !== line.quantity) act(order, "edit", {sku: line.sku, quantity});
    }
    done(box);
  }}, ...inputs.flatMap(([line, input]) => [el("span", {class: "small"}, line.sku), input]),
    el("button", {}, "Save"), el("button", {type: "button", onclick: () => done(box)}, "Leave it"));
  buttons.hidden = true;
  node.append(box);
  inputs[0][1].select();
}

function toldRow(desk, note) {
  const mark = note.good === null ? "" : note.good ? "ok" : "ko";
  const words = note.words + (note.attempts > 1 ? ` (${note.attempts} times)` : "");
  return el("li", {},
    el("span", {class: "small"}, clock(note.at)),
    el("span", {class: "op", title: note.topic + " " + note.about}, note.topic, el("span", {class: "small"}, " " + note.about)),
    el("span", {class: "outcome " + mark}, note.manner ? el("span", {class: "badge"}, note.manner) : "", " " + words),
    el("button", {class: "link", onclick: () => send("POST", "/_control/deliver_again", {channel: desk.name, id: note.id})}, "Deliver again"));
}

function drawTrade(data) {
  const open = data.channels.filter((channel) => channel.trade);
  $("#trade").hidden = $("#tellbox").hidden = !open.length;
  for (const channel of open) {
    let desk = desks.get(channel.name);
    if (!desk) {
      desks.set(channel.name, desk = makeDesk(channel));
      desk.name = channel.name;
      $("#trade").append(desk.node);
    }
    drawDesk(desk, channel.trade);
  }
}
