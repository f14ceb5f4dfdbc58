/* What was found: conversations in which all the words stand, newest first, with the words marked. */
import { html, useEffect, useState } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import * as api from "../lib/api.js";
import { platformName } from "../lib/names.js";
import { firstSeen } from "../lib/text.js";
import { Badge, Banner, Button, Empty, Excerpt, Foreign, Marked, Time } from "../lib/ui.js";
import { SearchBox } from "./search_box.js";

export default function Search({ query }) {
	const [found, setFound] = useState(null), [error, setError] = useState(null), [isBusy, setBusy] = useState(false);
	const words = (query.q ?? "").trim();
	useEffect(() => {
		if (words === "") {
			setFound(null);
			setBusy(false);
			return undefined;
		}
		const stop = new AbortController();
		setBusy(true);
		setError(null);
		api.get("search", { q: words }, { signal: stop.signal }).then((got) => { setFound(got); setBusy(false); },
			(e) => { if (e.name !== "AbortError") { setError(e); setBusy(false); } });
		return () => stop.abort();
	}, [words]);
	async function more() {
		try {
			const got = await api.get("search", { q: words, after: found.next });
			setFound((now) => now === found ? { ...got, items: [...found.items, ...got.items] } : now); /* other words meanwhile: not theirs */
		} catch (e) {
			setError(e);
		}
	}
	return html`<div class="search-page"><h1>${t("search.title")}</h1><${SearchBox} />
		${error && html`<${Banner} tone="bad"><${Foreign} text=${error.message} /><//>`}
		${words === "" && html`<${Empty} title=${t("search.type")}><p>${t("search.nothing_words")}</p><//>`}
		${isBusy && html`<p class="loading" role="status">${t("app.loading")}</p>`}
		${!isBusy && words !== "" && found?.items.length === 0 && html`<${Empty} title=${t("search.nothing")}><p>${t("search.nothing_words")}</p><//>`}
		${found?.is_partial && html`<${Banner}>${t("search.partly")}<//>`}
		${words !== "" && found?.items.length > 0 && html`<ol class="found" aria-label=${t("search.title")}>${found.items.map((f) => html`<li key=${f.conversation}><a href=${`/conversation/${f.conversation}`}>
			<span class="row-who"><span class="row-name cut"><${Excerpt} text=${firstSeen(f.customer.name, f.customer.handle, t("queue.somebody"))} n=${80} /></span><span class="row-place">${platformName(f.platform)} · <${Foreign} text=${f.account} /></span></span>
			<span class="row-words"><span class="row-excerpt"><${Marked} text=${f.text} /></span></span>
			<span class="row-when"><${Time} at=${f.at} />${f.is_waiting && html` <${Badge} tone="warn" icon="clock">${t("search.waits")}<//>`}</span></a></li>`)}</ol>
			${found.next && html`<${Button} onClick=${more}>${t("app.more")}<//>`}`}</div>`;
}
