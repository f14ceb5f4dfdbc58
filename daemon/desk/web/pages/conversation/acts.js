/* What one can do with a conversation besides answering it. Each act says what happened; what can be taken back offers it. */
import { html, useEffect, useRef, useState } from "../../lib/html.js";
import { t } from "../../lib/i18n.js";
import * as api from "../../lib/api.js";
import { colleagues, perform } from "../../lib/act.js";
import { said, sentence } from "../../lib/said.js";
import { session } from "../../lib/session.js";
import { Badge, Button, Dialog, Excerpt, Field, Foreign, Since, ask, askWords, toast, toastRefusal } from "../../lib/ui.js";
import { nameOf } from "./state.js";
import { goNext } from "./next.js";

const act = (c, reload, path, body, done) => perform(`conversations/${c.id}/${path}`, body, reload, done);

/* One of a few: → its value, or null. items: [{ value, label, note }]; the first nine have a digit as their key. */
function Choice({ title, text, items, empty, close }) {
	function onKeyDown(e) {
		const item = /^[1-9]$/.test(e.key) && !e.ctrlKey && !e.metaKey && !e.altKey ? items[Number(e.key) - 1] : null;
		if (item) {
			e.preventDefault();
			close(item.value);
		}
	}
	return html`<${Dialog} title=${title} onClose=${() => close(null)}>${text && html`<p>${text}</p>`}${items.length === 0 && html`<p class="hint">${empty}</p>`}
		<ul class="talk-choice" onKeyDown=${onKeyDown}>${items.map((item, i) => html`<li key=${item.value}><${Button} kind="plain" autofocus=${i === 0} onClick=${() => close(item.value)}>
			<span class="talk-choice-label">${item.label}</span>${item.note && html`<span class="hint">${item.note}</span>`}${i < 9 && html`<kbd>${i + 1}</kbd>`}<//></li>`)}</ul><//>`;
}

export function choose(options) {
	return ask((close) => html`<${Choice} ...${options} close=${close} />`);
}

/* ---- whose it is ---- */

export function take(c, reload) {
	return act(c, reload, "claim", {}, () => toast(t("talk.taken"), { tone: "good", undo: { label: t("talk.undo"), run: () => act(c, reload, "give", {}) } }));
}

export function letGo(c, reload) {
	return act(c, reload, "give", {}, () => toast(t("talk.let_go"), { undo: { label: t("talk.undo"), run: () => act(c, reload, "claim", {}) } }));
}

function Give({ c, list, close }) {
	const [who, setWho] = useState(null), [reason, setReason] = useState("");
	const me = session.get().me?.login;
	const all = list.filter((s) => s.role !== "auditor" && s.login !== c.assignee).sort((a, b) => (b.login === me) - (a.login === me) || a.name.localeCompare(b.name));
	return html`<${Dialog} title=${t("talk.give")} onClose=${() => close(null)}><form onSubmit=${(e) => { e.preventDefault(); who !== null && close({ who, reason: reason.trim() }); }}>
		<fieldset class="talk-people"><legend>${t("talk.give_whom")}</legend>
			${all.map((s, i) => html`<label class="check" key=${s.login}><input type="radio" name="who" autofocus=${i === 0} checked=${who === s.login} onChange=${() => setWho(s.login)} />
				<span><${Foreign} text=${s.name} />${s.login === me && ` (${t("talk.me")})`}</span> <span class="hint">${s.login}</span></label>`)}
			${c.assignee !== null && html`<label class="check"><input type="radio" name="who" checked=${who === ""} onChange=${() => setWho("")} /> <span>${t("talk.to_queue")}</span></label>`}</fieldset>
		<${Field} label=${t("talk.give_why")} hint=${t("talk.give_why_hint")}><input maxlength="2000" dir="auto" value=${reason} autocomplete="off" onInput=${(e) => setReason(e.target.value)} /><//>
		<footer><${Button} onClick=${() => close(null)}>${t("ui.cancel")}<//><${Button} kind="primary" type="submit" disabled=${who === null}>${t("talk.give_do")}<//></footer></form><//>`;
}

export async function give(c, reload) {
	try {
		const list = await colleagues();
		const to = await ask((close) => html`<${Give} c=${c} list=${list} close=${close} />`);
		if (to !== null) {
			const name = list.find((s) => s.login === to.who)?.name;
			await act(c, reload, "give", { who: to.who || null, reason: to.reason || null }, () => toast(to.who === "" ? t("talk.let_go") : t("talk.given", { name }), { tone: "good" }));
		}
	} catch (e) {
		toastRefusal(e);
	}
}

/* ---- when ---- */

const LENGTHS = ["30m", "1h", "2h", "4h", "1d", "2d", "1w"];

export async function snooze(c, reload) {
	if (c.snoozed_until !== null) {
		await act(c, reload, "snooze", { for: "0" }, () => toast(t("talk.awake"), { tone: "good" }));
		return;
	}
	const length = await choose({ title: t("talk.snooze"), text: t("talk.snooze_words"), items: LENGTHS.map((value) => ({ value, label: t(`talk.for_${value}`) })) });
	if (length !== null) {
		await act(c, reload, "snooze", { for: length }, () => {
			toast(t("talk.asleep", { length: t(`talk.for_${length}`) }), { undo: { label: t("talk.undo"), run: () => act(c, reload, "snooze", { for: "0" }) } });
			goNext(c.id);
		});
	}
}

export async function dismiss(c, reload) {
	const reason = await askWords({ title: t("talk.dismiss"), text: t("talk.dismiss_words"), label: t("talk.dismiss_why"), ok: t("talk.dismiss_do"),
		choices: ["reason_done", "reason_elsewhere", "reason_nothing"].map((name) => t(`talk.${name}`)).concat([{ value: "spam", label: t("talk.spam") }]) });
	if (reason !== null) {
		await act(c, reload, "dismiss", { reason, version: c.version }, () => {
			toast(t("talk.was_dismissed", { who: nameOf(c.customer) }), { undo: { label: t("talk.undo"), run: () => act(c, reload, "undismiss", {}) } });
			goNext(c.id);
		});
	}
}

export function undismiss(c, reload) {
	return act(c, reload, "undismiss", {}, () => toast(t("talk.waits_again"), { tone: "good" }));
}

/* ---- what it is ---- */

export async function tag(c, reload) {
	const words = await askWords({ title: t("talk.tag"), label: t("talk.tag_label"), ok: t("talk.tag_do"), max: 64 });
	if (words !== null) {
		await act(c, reload, "tags", { add: words });
	}
}

export function untag(c, reload, word) {
	return act(c, reload, "tags", { remove: word }, () => toast(t("talk.untagged", { tag: word }), { undo: { label: t("talk.undo"), run: () => act(c, reload, "tags", { add: word }) } }));
}

const NATURES = ["question", "complaint", "praise", "thanks", "neutral"];

export async function nature(c, reload) {
	const chosen = await choose({ title: t("talk.nature"), text: t("talk.nature_words"), items: NATURES.map((value) => ({ value, label: t(`talk.nature_${value}`), note: c.nature === value ? t("talk.now") : null })) });
	if (chosen !== null && chosen !== c.nature) {
		await act(c, reload, "nature", { nature: chosen, version: c.version }, () => toast(t("talk.is_nature", { nature: t(`talk.nature_${chosen}`) }), { tone: "good" }));
	}
}

export async function merge(c, reload, person) {
	const others = (person?.conversations ?? []).filter((o) => o.id !== c.id && o.account === c.account);
	const other = await choose({ title: t("talk.merge"), text: t("talk.merge_words"), empty: t("talk.merge_none"), items: others.map((o) => ({ value: o.id,
		label: html`<${Excerpt} text=${o.excerpt ?? t("talk.number", { id: o.id })} n=${90} />`,
		note: o.waiting_since === null ? t("talk.nobody_waits") : html`${t("talk.waits_for")} <${Since} at=${o.waiting_since} />` })) });
	if (other !== null) {
		await act(c, reload, "merge", { with: other, version: c.version }, () => toast(t("talk.merged"), { tone: "good" }));
	}
}

/* ---- notes ---- */

function Note({ list, close }) {
	const [words, setWords] = useState("");
	const box = useRef(null);
	const me = session.get().me?.login;
	const begun = /(?:^|\s)@([a-z0-9._-]*)$/i.exec(words.slice(0, box.current?.selectionStart ?? words.length))?.[1]?.toLowerCase();
	const found = list.filter((s) => s.login !== me && (begun === undefined || s.login.startsWith(begun) || s.name.toLowerCase().includes(begun))).slice(0, 8);
	function name(login) {
		const at = box.current.selectionStart, before = words.slice(0, at).replace(/(^|\s)@[a-z0-9._-]*$/i, "$1"), gap = before === "" || /\s$/.test(before) ? "" : " ";
		setWords(`${before}${gap}@${login} ${words.slice(at)}`);
		box.current.focus();
	}
	function submit(e) {
		e.preventDefault();
		words.trim() !== "" && close(words.trim());
	}
	return html`<${Dialog} title=${t("talk.note")} onClose=${() => close(null)}><form onSubmit=${submit}>
		<${Field} label=${t("talk.note_label")} hint=${t("talk.note_hint")}><textarea autofocus ref=${box} rows="5" maxlength="20000" dir="auto" value=${words} onInput=${(e) => setWords(e.target.value)}
			onKeyDown=${(e) => (e.ctrlKey || e.metaKey) && e.key === "Enter" && submit(e)}></textarea><//>
		${found.length > 0 && html`<div class="choices" role="group" aria-label=${t("talk.note_whom")}>${found.map((s) => html`<${Button} key=${s.login} onClick=${() => name(s.login)}>@${s.login} <span class="hint"><${Foreign} text=${s.name} /></span><//>`)}</div>`}
		<footer><${Button} onClick=${() => close(null)}>${t("ui.cancel")}<//><${Button} kind="primary" type="submit" hint="Ctrl+Enter" disabled=${words.trim() === ""}>${t("talk.note_do")}<//></footer></form><//>`;
}

export async function note(c, reload) {
	const list = await colleagues().catch(() => []);
	const words = await ask((close) => html`<${Note} list=${list} close=${close} />`);
	if (words !== null) {
		await act(c, reload, "notes", { text: words }, (said) => toast(said.mentions.length > 0 ? t("talk.noted_for", { who: said.mentions.join(", ") }) : t("talk.noted"), { tone: "good" }));
	}
}

/* ---- why ---- */

function Why({ id, close }) {
	const [told, setTold] = useState(null);
	useEffect(() => {
		api.get(`conversations/${id}/explain`).then(setTold, (e) => {
			toastRefusal(e);
			close();
		});
	}, [id]);
	const lines = (title, list) => list && list.length > 0 && html`<h3>${title}</h3><ul class="why-list">${list.map((one, i) => html`<li key=${i}><${Foreign} text=${said(one.text_parts)} /></li>`)}</ul>`;
	const p = told?.promise;
	return html`<${Dialog} title=${t("talk.why")} onClose=${() => close()} kind="wide">${told === null ? html`<p class="loading" role="status">${t("app.loading")}</p>` : html`<div class="why">
		<p class="why-first"><${Foreign} text=${sentence(told.why_parts)} /></p>${p.clocks && html`<p><${Foreign} text=${sentence(p.clocks.text_parts)} /></p>`}${p.policy && html`<p><${Foreign} text=${sentence(p.policy.text_parts)} /></p>`}
		${lines(t("talk.why_next"), p.next)}${lines(t("talk.why_hours"), p.frames)}${lines(t("talk.why_closed"), p.holidays)}
		<h3>${t("talk.why_messages")}</h3><ol class="why-list">${told.thread.map((m) => html`<li key=${m.id}><strong><${Excerpt} text=${nameOf(m.author)} n=${60} /></strong>: <${Excerpt} text=${m.excerpt} n=${80} /> <span class="hint"><${Foreign} text=${said(m.why_parts)} /></span>
			${m.waits && html` <${Badge} tone="warn" icon="clock">${t("talk.waits")}<//>`}</li>`)}</ol>
		${p.tried && html`<details><summary>${t("talk.why_policies")}</summary><ul class="why-list">${p.tried.map((y, i) => html`<li key=${i}>${y.matches ? "✓" : "–"} <${Foreign} text=${y.policy} />: <${Foreign} text=${said(y.why_parts)} /></li>`)}</ul></details>`}</div>`}<//>`;
}

export function explain(c) {
	return ask((close) => html`<${Why} id=${c.id} close=${close} />`);
}

/* ---- words to begin with ---- */

function Snippets({ items, close }) {
	const [words, setWords] = useState("");
	const found = items.filter((s) => `${s.name} ${s.text}`.toLowerCase().includes(words.toLowerCase())).slice(0, 30);
	return html`<${Dialog} title=${t("talk.snippets")} onClose=${() => close(null)}><p class="hint">${t("talk.snippets_words")}</p>
		<${Field} label=${t("talk.snippets_find")}><input autofocus value=${words} autocomplete="off" onInput=${(e) => setWords(e.target.value)}
			onKeyDown=${(e) => { if (e.key === "Enter" && found[0]) { e.preventDefault(); close(found[0].filled); } }} /><//>
		${found.length === 0 && html`<p class="hint">${t(items.length === 0 ? "talk.snippets_empty" : "talk.snippets_none")}</p>`}
		<ul class="talk-choice">${found.map((s) => html`<li key=${s.name}><${Button} onClick=${() => close(s.filled)}><span class="talk-choice-label"><strong>${s.name}</strong> <${Excerpt} text=${s.filled} n=${100} /></span><//></li>`)}</ul><//>`;
}

/* → words to put into the box, or null */
export async function snippet(c) {
	try {
		const { items } = await api.get("snippets", { conversation: c.id });
		return await ask((close) => html`<${Snippets} items=${items} close=${close} />`);
	} catch (e) {
		toastRefusal(e);
		return null;
	}
}

