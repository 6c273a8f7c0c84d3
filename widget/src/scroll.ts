/** Follows the conversation for who reads its end, and stays where it is for who has scrolled up. */

const NEAR_END_PX = 80;

export class Scroller {
  private following = true;
  private area: HTMLElement | null = null;
  private readonly resized = new ResizeObserver(() => this.rating || this.follow());

  /** `area` scrolls its only child. */
  watch(area: HTMLElement): void {
    if (this.area === area) return;
    this.area = area;
    area.addEventListener("scroll", () => (this.following = this.fromEnd - area.clientHeight < NEAR_END_PX));
    this.resized.observe(area);
    if (area.firstElementChild) this.resized.observe(area.firstElementChild);
  }

  toEnd(): void {
    this.following = true;
    this.follow();
  }

  /** What is added above must not move what is read. */
  async keepingPlace(change: () => Promise<unknown>): Promise<void> {
    const before = this.fromEnd;
    await change();
    if (this.area) this.area.scrollTop = this.area.scrollHeight - before;
  }

  /** To the end, or to the beginning of a last message that is longer than the window. */
  private follow(): void {
    const { area } = this;
    if (!area || !this.following) return;
    const last = area.querySelector<HTMLElement>(".log > :last-child");
    const tall = last !== null && last.offsetHeight > area.clientHeight;
    area.scrollTop = tall ? last.offsetTop : area.scrollHeight;
  }

  /** Who rates the last message stays there, whatever opens and closes below it. */
  private get rating(): boolean {
    return Boolean(this.area?.querySelector(".log > :last-child frontdesk-rating :focus"));
  }

  private get fromEnd(): number {
    return this.area ? this.area.scrollHeight - this.area.scrollTop : 0;
  }
}
