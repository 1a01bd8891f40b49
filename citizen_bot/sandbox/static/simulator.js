"use strict";

// The chat. Texts only ever become text nodes; what may be a link is decided by the server.

const phone = document.querySelector(".phone");
const chat = document.getElementById("chat");
const resident = document.getElementById("resident");
const mode = document.getElementById("mode");
const words = document.getElementById("words");
const trouble = document.getElementById("trouble");
const extras = document.getElementById("extras");
const more = document.getElementById("more");

const KINDS = {
  voice: "语音", image: "图片", video: "视频", location: "位置", link: "链接", click: "菜单",
  subscribe: "关注", unsubscribe: "取消关注", scan: "扫码", news: "图文",
  transfer_customer_service: "转人工客服", template: "模板消息",
};
let shown = "";
let sending = false;

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

function piece(part) {
  if (part.href) {
    const link = element("a", "", part.text);
    link.href = part.href;
    link.target = "_blank";
    link.rel = "noopener noreferrer";
    return link;
  }
  if (part.tap) {
    const tap = element("button", "", part.text);
    tap.type = "button";
    tap.addEventListener("click", () => send("tap", { id: part.tap_id || "", text: part.tap }));
    return tap;
  }
  return document.createTextNode(part.text);
}

function deliveryText(line) {
  const last = line.deliveries[line.deliveries.length - 1];
  const parts = [`投递 ${line.deliveries.length} 次`];
  if (last) parts.push(`${last.milliseconds} 毫秒`);
  parts.push(line.mode);
  if (line.msg_id) parts.push(`MsgId ${line.msg_id}`);
  if (line.outcome === "nothing") parts.push("服务收到，不用回复");
  return parts.filter(Boolean).join(" · ");
}

function noteText(line) {
  if (line.kind !== "again") return line.pieces[0].text;
  const verdict = line.same ? "得到一模一样的回复" : "回复和上次不一样";
  return `再发一次：${verdict}（${deliveryText(line)}）`;
}

function row(line) {
  const item = element("li", line.who);
  item.dataset.id = line.id;
  if (line.who === "note") {
    item.textContent = noteText(line);
    if (line.kind === "fault" || line.same === false) item.classList.add("bad");
    return item;
  }
  const bubble = element("div", "bubble");
  if (KINDS[line.kind]) bubble.append(element("span", "kind", KINDS[line.kind]));
  line.pieces.forEach((part) => bubble.append(piece(part)));
  item.append(bubble);
  if (line.who === "resident") {
    item.append(element("p", "meta", deliveryText(line)));
    line.deliveries.filter((d) => d.fault).forEach((d) => item.append(element("p", "meta bad", d.fault)));
  } else if (line.via && line.via !== "reply") {
    item.append(element("p", "meta", line.via === "custom" ? "客服消息" : "通知"));
  }
  return item;
}

function show(data) {
  document.getElementById("unfollowed").hidden = data.following;
  document.getElementById("following").hidden = !data.following;
  phone.dataset.shown = resident.value;
  const said = JSON.stringify(data);
  if (said === shown) return;
  shown = said;
  chat.replaceChildren(...data.lines.map(row));
  document.getElementById("menu").replaceChildren(...data.menu.map((entry) => {
    const button = element("button", "", entry.name);
    button.type = "button";
    button.addEventListener("click", () => send("click", { key: entry.key, name: entry.name }));
    return button;
  }));
  const last = data.lines.filter((line) => line.who === "resident").pop();
  document.getElementById("again").dataset.entry = last ? last.id : "";
  document.getElementById("again").disabled = !last;
  chat.scrollTop = chat.scrollHeight;
}

async function ask(address, options) {
  const answer = await fetch(address, options);
  const data = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(data.error || `服务出错了（${answer.status}）`);
  return data;
}

function tell(message) {
  trouble.textContent = message;
  trouble.hidden = !message;
}

function busy(on) {
  sending = on;
  document.querySelectorAll("footer button, header select").forEach((control) => { control.disabled = on; });
  if (!on) document.getElementById("again").disabled = !document.getElementById("again").dataset.entry;
  phone.setAttribute("aria-busy", String(on));
}

async function send(action, values) {
  if (sending) return;
  busy(true);
  tell("");
  const waiting = element("li", "resident waiting");
  waiting.append(element("div", "bubble", values.text || values.name || values.label || values.title || "正在发送……"));
  chat.append(waiting);
  chat.scrollTop = chat.scrollHeight;
  try {
    const body = JSON.stringify({ resident: resident.value, mode: mode.value, action, values });
    show(await ask(phone.dataset.send, { method: "POST", headers: { "Content-Type": "application/json" }, body }));
  } catch (error) {
    waiting.remove();
    tell(error instanceof TypeError ? "连不上服务，请看看它还在不在运行" : error.message);
  } finally {
    busy(false);
  }
}

async function refresh() {
  if (sending) return;
  const asked = resident.value;
  try {
    const data = await ask(`${phone.dataset.chat}?resident=${encodeURIComponent(asked)}`);
    if (!sending && asked === resident.value) show(data);
  } catch (error) {
    tell(error instanceof TypeError ? "连不上服务，请看看它还在不在运行" : error.message);
  }
}

function formValues(form) {
  return Object.fromEntries(new FormData(form));
}

document.getElementById("typing").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = words.value;
  if (!text.trim()) return;
  words.value = "";
  send("text", { text }).then(() => words.focus());
});

more.addEventListener("click", () => {
  extras.hidden = !extras.hidden;
  more.setAttribute("aria-expanded", String(!extras.hidden));
  chat.scrollTop = chat.scrollHeight;
});

document.querySelectorAll("[data-action]").forEach((button) => {
  button.addEventListener("click", () => send(button.dataset.action, {}));
});

document.getElementById("again").addEventListener("click", (event) => {
  send("again", { entry: Number(event.currentTarget.dataset.entry) });
});

document.getElementById("voice").addEventListener("submit", (event) => {
  event.preventDefault();
  send("voice", { text: formValues(event.target).text, heard: event.target.elements.heard.checked });
});

document.getElementById("location").addEventListener("submit", (event) => {
  event.preventDefault();
  const values = formValues(event.target);
  send("location", { latitude: values.latitude, longitude: values.longitude, label: values.preset });
});

document.querySelector("#location [name=preset]").addEventListener("change", (event) => {
  const place = event.target.selectedOptions[0].dataset;
  event.target.form.elements.latitude.value = place.latitude;
  event.target.form.elements.longitude.value = place.longitude;
});

document.getElementById("link").addEventListener("submit", (event) => {
  event.preventDefault();
  send("link", formValues(event.target));
});

function remember() {
  sessionStorage.setItem("resident", resident.value);
  sessionStorage.setItem("mode", mode.value);
}

mode.addEventListener("change", remember);
resident.addEventListener("change", () => {
  remember();
  tell("");
  refresh();
});

resident.value = sessionStorage.getItem("resident") || resident.value;
mode.value = sessionStorage.getItem("mode") || mode.value;
refresh();
// Messages that the service sends by itself.
setInterval(() => { if (!document.hidden) refresh(); }, 4000);
