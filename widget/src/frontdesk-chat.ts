/**
 * The website chat of Frontdesk in one file, for `<script src="…" defer>` and for `<script type="module">`:
 *
 *     <script type="module" src="https://support.example/widget/frontdesk-chat.js"></script>
 *     <frontdesk-chat heading="Help"></frontdesk-chat>
 */

import { FrontdeskChat } from "./element.js";
import { FrontdeskComposer } from "./views/composer.js";
import { FrontdeskRating } from "./views/rating.js";
import { FrontdeskForm } from "./views/ticket-form.js";

// A page may load the script twice, through a tag manager say.
if (!customElements.get("frontdesk-chat")) {
  customElements.define("frontdesk-composer", FrontdeskComposer);
  customElements.define("frontdesk-form", FrontdeskForm);
  customElements.define("frontdesk-rating", FrontdeskRating);
  customElements.define("frontdesk-chat", FrontdeskChat);
}
