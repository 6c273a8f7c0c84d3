/** The form of the last message. The server checks it too and may ask again, with an error at a field. */

import { html, LitElement, nothing } from "lit";
import { property, state } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import { en } from "../strings/en.js";
import type { Strings } from "../strings.js";
import type { Form, FormField } from "../wire.js";

export class FrontdeskForm extends LitElement {
  @property({ attribute: false }) strings: Strings = en;
  @property({ attribute: false }) form!: Form;
  /** What was typed, by field; outlives this form, for when the server asks again. */
  @property({ attribute: false }) drafts = new Map<string, string>();
  @property({ attribute: false }) submitForm: (values: Record<string, string>) => void = () => {};
  @property({ attribute: false }) cancel: () => void = () => {};
  /** What was found wrong on the page; the server's own errors stand in the form. */
  @state() private errors = new Map<string, string>();

  protected override createRenderRoot(): this {
    return this;
  }

  override focus(): void {
    const wrong = this.form.fields.find((field) => this.error(field)) ?? this.form.fields.find(this.isAsked);
    this.control(wrong ?? this.form.fields[0])?.focus();
  }

  protected override render() {
    return html`
      <form class="ticket" novalidate aria-labelledby="form-title" @submit=${this.submitted}>
        <h3 id="form-title" dir="auto">${this.form.title}</h3>
        ${this.form.fields.map((field) => this.field(field))}
        <div class="actions">
          <button type="submit" class="primary">${this.form.submit}</button>
          <button type="button" class="quiet" @click=${() => this.cancel()}>${this.strings.cancel}</button>
        </div>
      </form>
    `;
  }

  private field(field: FormField) {
    const error = this.error(field);
    return html`
      <div class="field">
        <label for=${id(field)} dir="auto">${field.label}</label>
        ${this.input(field, error ? `${id(field)}-error` : nothing)}
        ${error ? html`<p class="error" dir="auto" id="${id(field)}-error">${error}</p>` : nothing}
      </div>
    `;
  }

  private input(field: FormField, describedBy: string | typeof nothing) {
    const value = this.value(field);
    const invalid = describedBy === nothing ? "false" : "true";
    const typed = (event: Event) => this.drafts.set(field.name, (event.target as HTMLInputElement).value);
    if (field.kind === "choice") {
      return html`
        <select id=${id(field)} aria-invalid=${invalid} aria-describedby=${describedBy} @change=${typed}>
          <option value="" ?selected=${!value}>${this.strings.choose}</option>
          ${field.options.map(
            (option) => html`<option value=${option.value} ?selected=${option.value === value}>${option.label}</option>`,
          )}
        </select>
      `;
    }
    if (field.kind === "email") {
      return html`
        <input
          id=${id(field)}
          type="email"
          autocomplete="email"
          inputmode="email"
          .value=${live(value)}
          aria-invalid=${invalid}
          aria-describedby=${describedBy}
          @input=${typed}
        />
      `;
    }
    return html`
      <textarea
        id=${id(field)}
        rows="3"
        dir="auto"
        .value=${live(value)}
        aria-invalid=${invalid}
        aria-describedby=${describedBy}
        @input=${typed}
      ></textarea>
    `;
  }

  private async submitted(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const values = Object.fromEntries(this.form.fields.map((field) => [field.name, this.value(field).trim()]));
    this.errors = this.check(values);
    await this.updateComplete;
    if (this.errors.size) this.focus();
    else this.submitForm(values);
  }

  /** Only what is wrong for certain; which fields may be empty is for the server to say. */
  private check(values: Record<string, string>): Map<string, string> {
    const errors = new Map<string, string>();
    for (const { name, kind } of this.form.fields) {
      const value = values[name];
      if (kind === "email" && value && !/^\S+@\S+\.\S+$/.test(value)) errors.set(name, this.strings.badEmail);
    }
    const first = this.form.fields.find(this.isAsked) ?? this.form.fields[0];
    if (first && Object.values(values).every((value) => !value)) errors.set(first.name, this.strings.required);
    return errors;
  }

  private readonly isAsked = (field: FormField): boolean => field.name === this.form.asked;

  private value(field: FormField): string {
    return this.drafts.get(field.name) ?? field.value ?? "";
  }

  private error(field: FormField): string | null {
    return this.errors.get(field.name) ?? field.error;
  }

  private control(field: FormField | undefined): HTMLElement | null {
    return field ? this.querySelector<HTMLElement>(`#${CSS.escape(id(field))}`) : null;
  }
}

const id = (field: FormField): string => `field-${field.name}`;
