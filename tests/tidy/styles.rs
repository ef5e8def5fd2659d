//! Style sheets that work from left to right and from right to left.

use crate::hold;
use crate::tree::files;

/// Properties whose value says on which side of the line something is.
const SIDED: [&str; 3] = ["clear", "float", "text-align"];

#[test]
fn style_sheets_use_logical_properties() {
    let mut broken = Vec::new();
    for file in files("client-wasm/assets", "css") {
        if file.path.contains("/vendor/") {
            continue;
        }
        for declaration in without_comments(&file.text).split(['{', '}', ';']) {
            let Some((property, value)) = declaration.split_once(':') else {
                continue;
            };
            let property = property.trim();
            let side_in_name = property.split('-').any(is_side);
            let side_in_value = SIDED.contains(&property) && value.split_whitespace().any(is_side);
            if side_in_name && !property.starts_with("--") || side_in_value {
                broken.push(format!("{}: {}", file.path, declaration.trim()));
            }
        }
    }
    hold(
        "style sheets say inline-start and inline-end, not left and right",
        broken,
    );
}

fn is_side(word: &str) -> bool {
    word == "left" || word == "right"
}

fn without_comments(css: &str) -> String {
    let mut code = String::new();
    let mut rest = css;
    while let Some((before, comment)) = rest.split_once("/*") {
        code.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    code + rest
}
