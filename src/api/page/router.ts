/** @file Where the user is: `#embed`, `#embed/<job>`, … in the address, so that a reload and the back button work. */
import { find } from "./dom.ts";
import { views, type App, type Place, type View } from "./app.ts";

const first: Place = { view: "embed", job: null };

export function readPlace(hash: string): Place | null {
  const [, view, job] = /^#([a-z]+)(?:\/([0-9a-f-]{36}))?$/.exec(hash) ?? [];
  return isView(view) ? { view, job: job ?? null } : null;
}

const isView = (text: string | undefined): text is View =>
  views.some((view) => view === text);

/** Shows the section of the address, from now on. */
export function startRouter(place: App["place"]): void {
  const follow = () => place.set(readPlace(location.hash) ?? first);
  window.addEventListener("hashchange", () => {
    const { view } = place.get();
    follow();
    // A new section begins at its title, for those who do not see it change.
    if (place.get().view !== view)
      find(`${place.get().view}-title`, HTMLElement).focus();
  });
  place.subscribe(({ view }) => {
    for (const each of views)
      find(`view-${each}`, HTMLElement).hidden = each !== view;
    for (const link of document.querySelectorAll("nav a"))
      if (link.getAttribute("href") === `#${view}`)
        link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    document.title = `${find(`${view}-title`, HTMLElement).textContent} · unirep-ts`; // prettier-ignore
  });
  follow();
}
