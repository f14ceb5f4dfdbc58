/* Who is next: after an answer the next person who waits is there. Whom one has just answered still waits until the platform has
 * confirmed it, and is left out for a while. */
import { t } from "../../lib/i18n.js";
import * as api from "../../lib/api.js";
import { filtersOf } from "../../lib/first.js";
import { go, place, withQuery } from "../../lib/router.js";
import { session } from "../../lib/session.js";
import { toast, toastRefusal } from "../../lib/ui.js";
import { isAnswered, waiting } from "../../lib/waiting.js";

const NEAR = 50; /* these are asked of the desk */

function isFree(entry) {
	return !isAnswered(entry.id) && (entry.assignee === null || entry.assignee === session.get().me?.login);
}

/* Deep in the list: behind this one, as events keep it. Null: it stands near the beginning, or all behind it is taken. */
function nextBelow(id) {
	const rows = waiting.get().rows, at = rows.findIndex((r) => r.e.id === id);
	return at < NEAR - 1 ? null : rows.slice(at + 1).find((r) => !r.isGone && isFree(r.e))?.e.id ?? null;
}

/* Behind this one in the list as it is filtered now; from its beginning where there is none. */
export async function goNext(id) {
	const below = nextBelow(id);
	if (below !== null) {
		go(withQuery({}, `/conversation/${below}`));
		return;
	}
	try {
		const { items } = await api.get("queue", { ...filtersOf(place.get().query), limit: NEAR });
		const at = items.findIndex((e) => e.id === id);
		const others = [...items.slice(at + 1), ...items.slice(0, Math.max(at, 0))].filter((e) => e.id !== id && isFree(e));
		if (others.length > 0) {
			go(withQuery({}, `/conversation/${others[0].id}`));
		} else {
			toast(t("talk.nobody_next"), { tone: "good" });
			go(withQuery({}, "/"));
		}
	} catch (e) {
		toastRefusal(e);
	}
}
