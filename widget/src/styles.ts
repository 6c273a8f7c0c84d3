/** Constructed style sheets, which a Content-Security-Policy without 'unsafe-inline' allows. */

import { controls } from "./styles/controls.js";
import { messages } from "./styles/messages.js";
import { panel } from "./styles/panel.js";
import { theme } from "./styles/theme.js";

export const styles = [theme, panel, messages, controls];
