/* What the page's first script (../first.js) knows and has on its way. */
export const { API, FIRST_ROWS, LANGUAGES, address, choose, filtersOf, forget, queueQuery, take, words } = globalThis.first;
