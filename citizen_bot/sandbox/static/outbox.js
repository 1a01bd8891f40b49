"use strict";

// What the service sent. Texts only ever become text nodes.

const main = document.querySelector("main");
const trouble = document.getElementById("trouble");
const KINDS = {
  custom: "客服消息", template: "模板消息", subscribe: "订阅通知", text: "文字", markdown: "Markdown",
  markdown_v2: "Markdown", image: "图片", news: "图文", file: "文件", voice: "语音", textcard: "卡片", template_card: "卡片",
};
let shown = "";

function element(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

function message(entry) {
  return element("li", `${entry.at} · ${entry.to} · ${KINDS[entry.kind] || entry.kind}\n${entry.text}`);
}

function fault(entry) {
  const times = entry.times === null ? "一直" : `还有 ${entry.times} 次`;
  return element("li", `${entry.kind} ${entry.code || entry.status || ""} ${entry.path}（${times}）`);
}

function call(entry) {
  const made = document.createElement("tr");
  const code = entry.errcode === null ? "" : String(entry.errcode);
  made.append(element("td", entry.at), element("td", entry.call), element("td", entry.status), element("td", code));
  return made;
}

function show(data) {
  const said = JSON.stringify(data);
  if (said === shown) return;
  shown = said;
  const fill = (id, entries, make) => document.getElementById(id).replaceChildren(...entries.map(make));
  fill("robots", data.robots, message);
  fill("members", data.members, message);
  fill("residents", data.residents, message);
  fill("faults", data.faults, fault);
  fill("warnings", data.warnings, (text) => element("li", text));
  fill("calls", data.calls, call);
  document.getElementById("waiting").textContent = data.reports;
  document.getElementById("reports").disabled = data.reports === 0;
}

async function ask(address, body) {
  const options = body && {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  };
  try {
    const answer = await fetch(address, options);
    if (!answer.ok) throw new Error(String(answer.status));
    show(await answer.json());
    trouble.hidden = true;
  } catch {
    trouble.textContent = "连不上服务，请看看它还在不在运行";
    trouble.hidden = false;
  }
}

document.querySelectorAll("[data-switch]").forEach((button) => {
  button.addEventListener("click", () => ask(main.dataset.faults, { switch: button.dataset.switch }));
});
document.getElementById("reports").addEventListener("click", () => ask(main.dataset.reports, {}));

ask(main.dataset.data);
setInterval(() => { if (!document.hidden) ask(main.dataset.data); }, 4000);
