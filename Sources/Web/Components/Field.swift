/// One entry of a form.
package struct Field: Sendable {
    /// One of several values to choose from.
    package struct Choice: Sendable {
        package let value: String
        package let label: String
        package let explanation: String

        package init(_ value: String, _ label: String, _ explanation: String = "") {
            self.value = value
            self.label = label
            self.explanation = explanation
        }
    }

    /// What a person fills in.
    package enum Control: Sendable {
        /// `type` of the input element: text, date, month, password, email.
        case input(type: String)
        /// Whole numbers, with a unit behind them if there is one.
        case number(unit: String?)
        /// An amount in euros.
        case amount
        case area(rows: Int)
        case select([Choice])
        /// Cards with an explanation each.
        case radios([Choice])
        /// A yes, with the label beside the box; sends `true`.
        case check
        case file(accept: String)
    }

    package let name: String
    package let label: String
    package let control: Control
    package var hint = ""
    package var isRequired = true
    package var autocomplete: String?
    /// Part of a filter: never required, and not called optional either.
    var isFilter = false

    package init(
        _ name: String, _ label: String, _ control: Control = .input(type: "text"), hint: String = "",
        isRequired: Bool = true
    ) {
        self.name = name
        self.label = label
        self.control = control
        self.hint = hint
        self.isRequired = isRequired
    }

    /// Two of these share a line.
    var isNarrow: Bool {
        switch control {
        case .input, .number, .amount, .select: true
        case .area, .radios, .check, .file: false
        }
    }

    /// The field with its label, hint and error.
    package func html(_ state: FormState) -> HTML {
        switch control {
        case .check: return checkbox(state)
        case .radios(let choices): return radios(choices, state)
        default: break
        }
        return #"""
            <div class="field"><label class="label" for="\#(name)">\#(label)\#(optionalMark)</label>\#(input(state))\#(notes(state))</div>

            """#
    }

    private var optionalMark: HTML { isRequired || isFilter ? "" : #" <span class="optional">optional</span>"# }

    private func input(_ state: FormState) -> HTML {
        let value = state.value(name)
        switch control {
        case .input(let type):
            let shown: String? = type == "password" ? nil : value
            return #"""
                <input class="input" id="\#(name)" name="\#(name)" type="\#(type)"\#(attribute: "value", shown)\#
                \#(attribute: "autocomplete", autocomplete)\#(state: state, self)>
                """#
        case .number(let unit):
            return grouped(
                unit,
                #"<input class="input" id="\#(name)" name="\#(name)" inputmode="numeric" value="\#(value)"\#(state: state, self)>"#
            )
        case .amount:
            return grouped(
                "EUR",
                #"<input class="input" id="\#(name)" name="\#(name)" inputmode="decimal" value="\#(value)"\#(state: state, self)>"#
            )
        case .area(let rows):
            return
                #"<textarea class="textarea" id="\#(name)" name="\#(name)" rows="\#(rows)"\#(state: state, self)>\#("\n" as HTML)\#(value)</textarea>"#
        case .select(let choices):
            let options: [HTML] = choices.map { choice in
                #"<option value="\#(choice.value)"\#(" selected", when: choice.value == value)>\#(choice.label)</option>"#
            }
            return #"<select class="select" id="\#(name)" name="\#(name)"\#(state: state, self)>\#(options)</select>"#
        case .file(let accept):
            return
                #"<input class="input" id="\#(name)" name="\#(name)" type="file" accept="\#(accept)"\#(state: state, self)>"#
        case .radios, .check:
            return ""
        }
    }

    private func grouped(_ unit: String?, _ input: HTML) -> HTML {
        guard let unit else { return input }
        return #"<div class="input-group">\#(input)<span class="affix">\#(unit)</span></div>"#
    }

    private func checkbox(_ state: FormState) -> HTML {
        let isOn = state.value(name) == "true"
        return #"""
            <div class="field"><label class="check"><input type="checkbox" id="\#(name)" name="\#(name)" value="true"\#
            \#(" checked", when: isOn)\#(state: state, self)> <span>\#(label)</span></label>\#(notes(state))</div>

            """#
    }

    private func radios(_ choices: [Choice], _ state: FormState) -> HTML {
        let value = state.value(name)
        let options: [HTML] = choices.enumerated().map { index, choice in
            #"""
            <label class="choice"><input type="radio" name="\#(name)" value="\#(choice.value)"\#
            \#(attribute: "id", index == 0 ? name : nil)\#(" checked", when: choice.value == value)>\#
            <span><b>\#(choice.label)</b>\#(choice.explanation)</span></label>

            """#
        }
        return #"""
            <fieldset class="field"><legend class="label">\#(label)\#(optionalMark)</legend><div class="choices">\#(options)</div>\#
            \#(notes(state))</fieldset>

            """#
    }

    private func notes(_ state: FormState) -> HTML {
        let error: HTML? = state.error(name).map { message in
            #"<p class="error" id="\#(name)-error">\#(Icon.alert.html)\#(message)</p>"#
        }
        let hint: HTML = self.hint.isEmpty ? "" : #"<p class="hint" id="\#(name)-hint">\#(self.hint)</p>"#
        return "\(error)\(hint)"
    }

    /// Attributes that tie a control to its error and hint.
    fileprivate func relations(_ state: FormState) -> HTML {
        let isWrong = state.error(name) != nil
        let notes = (isWrong ? ["\(name)-error"] : []) + (hint.isEmpty ? [] : ["\(name)-hint"])
        let described = notes.isEmpty ? nil : notes.joined(separator: " ")
        return
            #"\#(#" aria-invalid="true""#, when: isWrong)\#(attribute: "aria-describedby", described)\#(" required", when: demandsInput)"#
    }

    /// A box may always stay empty: to a browser a required one is one that must be ticked.
    private var demandsInput: Bool {
        if case .check = control { return false }
        return isRequired && !isFilter
    }
}

extension HTML.StringInterpolation {
    fileprivate mutating func appendInterpolation(state: FormState, _ field: Field) {
        appendInterpolation(field.relations(state))
    }
}
