/* The second factor: a secret for an authenticator app as a picture and as letters, the first code, and the recovery codes that are shown
 * once. */
import { html, useEffect, useState } from "../../lib/html.js";
import { t } from "../../lib/i18n.js";
import * as api from "../../lib/api.js";
import { save } from "../../lib/save.js";
import { Button, Field } from "../../lib/ui.js";

export const words = (refusal) => refusal.message;

/* Four modules of quiet around it, dark on light in every look: a camera must read it. */
function Picture({ qr }) {
	const side = qr.size + 8;
	return html`<svg class="qr" viewBox=${`-4 -4 ${side} ${side}`} role="img" aria-label=${t("factor.picture")} shape-rendering="crispEdges">
		<rect x="-4" y="-4" width=${side} height=${side} fill="#ffffff" /><path d=${qr.path} fill="#000000" /></svg>`;
}

export function Codes({ codes, onDone }) {
	const [isKept, setKept] = useState(false);
	const keep = () => save(new Blob([`${codes.join("\n")}\n`], { type: "text/plain" }), "answerd-recovery-codes.txt");
	return html`<div class="factor"><h3>${t("factor.codes")}</h3><p>${t("factor.codes_words")}</p>
		<ul class="codes" aria-label=${t("factor.codes")}>${codes.map((c) => html`<li><code>${c}</code></li>`)}</ul>
		<p><${Button} onClick=${keep}>${t("factor.save")}<//></p>
		<label class="check"><input type="checkbox" checked=${isKept} onChange=${(e) => setKept(e.target.checked)} /> ${t("factor.kept")}</label>
		<p><${Button} kind="primary" disabled=${!isKept} why=${t("factor.kept_first")} onClick=${onDone}>${t("factor.ready")}<//></p></div>`;
}

/* From the beginning to the codes; then onDone. */
export function SetUp({ onDone, onCancel }) {
	const [begun, setBegun] = useState(null), [code, setCode] = useState(""), [codes, setCodes] = useState(null), [error, setError] = useState(null);
	const begin = () => api.post("session/totp").then((b) => { setBegun(b); setError(null); }, (e) => setError(words(e)));
	useEffect(() => { begin(); }, []);
	async function send(e) {
		e.preventDefault();
		setError(null);
		try {
			setCodes((await api.post("session/totp/confirm", { code: code.replace(/\s/g, "") })).recovery_codes);
		} catch (refusal) {
			setError(words(refusal));
		}
	}
	if (codes !== null) {
		return html`<${Codes} codes=${codes} onDone=${onDone} />`;
	}
	if (begun === null) {
		return error === null ? html`<p role="status">${t("app.loading")}</p>`
			: html`<p class="error" role="alert">${error}</p><p><${Button} onClick=${begin}>${t("app.once_more")}<//></p>`;
	}
	return html`<form class="factor" onSubmit=${send}><p>${t("factor.scan")}</p>${begun.qr && html`<${Picture} qr=${begun.qr} />`}
		<details><summary>${t("factor.by_hand")}</summary><code class="secret">${begun.secret.match(/.{1,4}/g).join(" ")}</code></details>
		<${Field} label=${t("factor.code")} hint=${t("factor.code_hint")}><input name="code" class="code" inputmode="numeric" autocomplete="one-time-code" required maxlength="9" value=${code} onInput=${(e) => setCode(e.target.value)} /><//>
		${error && html`<p class="error" role="alert">${error}</p>`}
		<footer>${onCancel && html`<${Button} onClick=${onCancel}>${t("ui.cancel")}<//>`}<${Button} kind="primary" type="submit">${t("factor.confirm")}<//></footer></form>`;
}
