/* Preact and htm, as they stand in one module; pages import from here. Markup is a template: html`<p class="x">${words}</p>`.
 * What stands in ${} becomes text or an attribute, never markup. */
export { html, render, useState, useEffect, useLayoutEffect, useRef, useCallback, useErrorBoundary } from "../modules/preact.js";
