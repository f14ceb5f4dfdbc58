/* Watching: what stands alarmed, replies in trouble, whether every source is heard and where the holes are, the ledger, and who has what. */
import { html, useState } from "../lib/html.js";
import { t } from "../lib/i18n.js";
import * as api from "../lib/api.js";
import { Tabs } from "./reports/parts.js";
import { useLive } from "./watch/live.js";
import { Now } from "./watch/now.js";
import { Sources } from "./watch/sources.js";
import { Ledger } from "./watch/ledger.js";
import { Team } from "./watch/team.js";
import { Banner } from "../lib/ui.js";
import { NotHeard } from "./not_heard.js";

const VIEWS = { now: Now, sources: Sources, ledger: Ledger, team: Team };

export default function Watch({ query }) {
	const here = Object.hasOwn(VIEWS, query.show ?? "") ? query.show : "now";
	const View = VIEWS[here];
	const [listening, setListening] = useState(null);
	const sources = useLive("sources alert", async (signal) => {
		const got = await api.get("sources", {}, { signal });
		setListening(got.listening);
		return got;
	}, 30);
	return html`<div class="report-page"><h1>${t("watch.title")}</h1>
		${listening !== null && (listening.ok ? html`<p class="listening good">${t("watch.all_heard")}</p>` : html`<${Banner} tone="bad"><${NotHeard} of=${listening} /><//>`)}
		<${Tabs} label=${t("watch.title")} here=${here} tabs=${Object.keys(VIEWS).map((name) => ({ name, label: t(`watch.${name}`) }))} />
		<div key=${here}><${View} query=${query} sources=${sources} /></div></div>`;
}
