using System.Text.RegularExpressions;
using Porthor.Identity;

namespace Porthor.Tests.Users;

/// <summary>
/// SVC-021, MOD-003, MOD-004. The rules are implemented as single passes; these tests compare them with the contract's patterns
/// (contract/tokens.md 3.1, 6.2).
/// </summary>
public sealed class UserRulesTests
{
    private const string BotPattern = "^bot-[a-z0-9](?:[a-z0-9]|-[a-z0-9])*$";

    [Theory]
    [InlineData("ex-am-pl-e")]
    [InlineData("some-user")]
    [InlineData("ab")]
    [InlineData("1a")]
    [InlineData("x-yz")]
    [InlineData("99digits99")]
    [InlineData("bot-1")]
    [InlineData("a-1b")]
    public void A_username_is_words_with_hyphens(string name) => UserRules.IsUsername(name).ShouldBeTrue();

    [Theory]
    [InlineData("")]
    [InlineData("<bootstrap>")]
    [InlineData("<internal>")]
    [InlineData("in+valid")]
    [InlineData(" invalid")]
    [InlineData("invalid ")]
    [InlineData("invalid\n")]
    [InlineData("in/valid")]
    [InlineData("in@valid")]
    [InlineData("in_valid")]
    [InlineData("in\0valid")]
    [InlineData("Invalid")]
    [InlineData("-invalid")]
    [InlineData("invalid-")]
    [InlineData("in--valid")]
    [InlineData("1234567")]
    [InlineData("1-2")]
    [InlineData("éa")]
    [InlineData("٣ab")]
    // No letter at the second or a later position that does not follow a hyphen.
    [InlineData("a")]
    [InlineData("a1")]
    [InlineData("x-y")]
    [InlineData("1-a")]
    public void Other_texts_are_not_usernames(string name) => UserRules.IsUsername(name).ShouldBeFalse();

    [Fact]
    public void A_username_has_at_most_64_characters()
    {
        UserRules.IsUsername(new string('a', 64)).ShouldBeTrue();
        UserRules.IsUsername(new string('a', 65)).ShouldBeFalse();
        UserRules.IsUsername(new string('a', 1_000_000)).ShouldBeFalse();
    }

    [Theory]
    [InlineData("bot-user", true)]
    [InlineData("bot-1", true)]
    [InlineData("bot-a-b", true)]
    [InlineData("some-user", false)]
    [InlineData("bot", false)]
    [InlineData("bot-", false)]
    [InlineData("botuser", false)]
    [InlineData("Bot-user", false)]
    [InlineData("bot--user", false)]
    [InlineData("bot-user-", false)]
    [InlineData("bot-in!valid", false)]
    [InlineData("bot-user\n", false)]
    [InlineData("robot-user", false)]
    [InlineData("", false)]
    public void Bots_are_recognized_by_their_names(string name, bool isBot) => UserRules.IsBot(name).ShouldBe(isBot);

    [Theory]
    [InlineData("g_special_users", true)]
    [InlineData("rra", true)]
    [InlineData("a", true)]
    [InlineData("19numbers", true)]
    [InlineData("G-12345", true)]
    [InlineData("group.name", true)]
    [InlineData("group1234", true)]
    [InlineData("19numbers19", true)]
    [InlineData("1-g", true)]
    [InlineData("12341-g-", true)]
    [InlineData("12345", false)]
    [InlineData("rra#foo", false)]
    [InlineData("", false)]
    [InlineData("-rra", false)]
    [InlineData("_rra", false)]
    [InlineData(".rra", false)]
    [InlineData("1-", false)]
    [InlineData("rra foo", false)]
    [InlineData("rra\n", false)]
    [InlineData("grüppe", false)]
    public void A_group_name_starts_with_a_letter_or_digit_and_contains_a_letter(string name, bool isGroup) =>
        UserRules.IsGroupName(name).ShouldBe(isGroup);

    [Fact]
    public void Rules_and_patterns_accept_the_same_short_texts()
    {
        ShouldAgree(UserRules.IsUsername, UserRules.UsernamePattern, "a1-A", 7);
        ShouldAgree(UserRules.IsGroupName, UserRules.GroupNamePattern, "aZ1._-#", 5);
        ShouldAgree(text => UserRules.IsBot("bot-" + text), BotPattern.Replace("bot-", "", StringComparison.Ordinal), "a1-A", 6);
    }

    /// <summary>Compares the rule and the pattern on all texts of an alphabet up to a length.</summary>
    private static void ShouldAgree(Func<string, bool> rule, string pattern, string alphabet, int maxLength)
    {
        // The contract's $ matches only at the very end of the text, not before a newline there.
        var regex = new Regex(pattern[..^1] + @"\z", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(10));
        IEnumerable<string> texts = [""];
        var accepted = 0;
        for (var length = 0; length <= maxLength; length++)
        {
            foreach (var text in texts)
            {
                rule(text).ShouldBe(regex.IsMatch(text), text);
                accepted += rule(text) ? 1 : 0;
            }
            texts = [.. texts.SelectMany(text => alphabet.Select(c => text + c))];
        }
        accepted.ShouldBeGreaterThan(10);
    }
}
