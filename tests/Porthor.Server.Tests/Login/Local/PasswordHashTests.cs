using Porthor.Server.Accounts;

namespace Porthor.Server.Tests.Login.Local;

/// <summary>The password hash in a configuration.</summary>
public sealed class PasswordHashTests
{
    private const string Salt = "c2FsdHNhbHRzYWx0c2FsdA";
    private const string Hash = "Z53yRoJ1HZ0AwWcXJNbzygY3GJqMRHYAcCniJ4onQvI";

    [Fact]
    public void A_hash_is_checked_with_its_text_alone()
    {
        var made = PasswordHash.Of("correct horse battery staple");
        made.Reveal().ShouldMatch(@"\A\$pbkdf2-sha256\$i=600000\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}\z");
        var read = PasswordHash.TryParse(made.Reveal(), out _)!;
        read.Matches("correct horse battery staple").ShouldBeTrue();
        foreach (var wrong in (string[])[
            "", "correct horse battery stapl", "Correct horse battery staple", "correct horse battery staple "])
            read.Matches(wrong).ShouldBeFalse();
        (read.Reveal(), $"{read}").ShouldBe((made.Reveal(), "***"));
        // Hashing the same password again gives another text.
        PasswordHash.Of("correct horse battery staple").Reveal().ShouldNotBe(made.Reveal());
        PasswordHash.OfNobody(1).Matches("").ShouldBeFalse();
    }

    /// <summary>The result of Python's <c>hashlib.pbkdf2_hmac("sha256", "pässwörd".encode(), b"saltsaltsaltsalt", 600000)</c>.</summary>
    [Fact]
    public void Other_programs_compute_the_same_hash() =>
        PasswordHash.TryParse($"$pbkdf2-sha256$i=600000${Salt}${Hash}", out _)!.Matches("pässwörd").ShouldBeTrue();

    /// <summary>RFC 8265, section 4.2: keyboards and systems encode the same password in different ways.</summary>
    [Theory]
    [InlineData("p\u00E4ssw\u00F6rd", "pa\u0308sswo\u0308rd")]
    [InlineData("pass word here", "pass\u00A0word\u3000here")]
    [InlineData("\uD55C\uAD6D\uC5B4", "\u1112\u1161\u11AB\u1100\u116E\u11A8\u110B\u1165")]
    [InlineData("\u1E69 \u00C5", "s\u0307\u0323 \u212B")]
    [InlineData("\U0001109A", "\U00011099\U000110BA")]
    public void Unicode_forms_of_a_password_are_equal(string composed, string decomposed)
    {
        PasswordHash.Of(composed, 1000).Matches(decomposed).ShouldBeTrue();
        PasswordHash.Of(decomposed, 1000).Matches(composed).ShouldBeTrue();
        PasswordHash.Of(decomposed, 1000).Matches(decomposed).ShouldBeTrue();
    }

    [Theory]
    [InlineData("\uFF41", "a")]
    [InlineData("\uFB01", "fi")]
    [InlineData("a\u0301", "a")]
    [InlineData("\u00E9", "\u00C9")]
    [InlineData("a\u0300\u0301", "a\u0301\u0300")]
    public void Different_passwords_stay_different(string password, string other) =>
        PasswordHash.Of(password, 1000).Matches(other).ShouldBeFalse();

    /// <summary>The result of <c>hashlib</c> for the decomposed password, which older versions did not normalize.</summary>
    [Fact]
    public void A_hash_of_a_password_that_was_not_normalized_still_matches()
    {
        const string typed = "pa\u0308sswo\u0308rd";
        var hash = Convert.ToBase64String(System.Security.Cryptography.Rfc2898DeriveBytes.Pbkdf2(
            typed, "saltsaltsaltsalt"u8, 600_000, System.Security.Cryptography.HashAlgorithmName.SHA256, 32)).TrimEnd('=');
        var old = PasswordHash.TryParse($"$pbkdf2-sha256$i=600000${Salt}${hash}", out _)!;
        old.Matches(typed).ShouldBeTrue();
        old.Matches("pa\u0308sswo\u0308rt").ShouldBeFalse();
        // An invalid text does not match and gives no exception.
        old.Matches("a\uD800").ShouldBeFalse();
    }

    [Theory]
    [InlineData("")]
    [InlineData("hunter2")]
    [InlineData("$2b$12$GhvMmNVjRW29ulnudl.LbuAnUtN/LRfe1JsBm1Xu6LE3059z5Tr8m")]
    [InlineData("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$x")]
    [InlineData("$pbkdf2-sha512$i=600000$" + Salt + "$" + Hash)]
    [InlineData("$pbkdf2-sha256$600000$" + Salt + "$" + Hash)]
    [InlineData("$pbkdf2-sha256$i=+600000$" + Salt + "$" + Hash)]
    [InlineData("$pbkdf2-sha256$i=99999999999$" + Salt + "$" + Hash)]
    [InlineData("$pbkdf2-sha256$i=600000$$" + Hash)]
    [InlineData("$pbkdf2-sha256$i=600000$c2FsdA$" + Hash)]
    [InlineData("$pbkdf2-sha256$i=600000$" + Salt + "==$" + Hash)]
    [InlineData("$pbkdf2-sha256$i=600000$" + Salt + "$")]
    [InlineData("$pbkdf2-sha256$i=600000$" + Salt + "$c2FsdHNhbHRzYWx0c2FsdA")]
    [InlineData("$pbkdf2-sha256$i=600000$" + Salt + "$" + Hash + "$")]
    [InlineData(" $pbkdf2-sha256$i=600000$" + Salt + "$" + Hash)]
    public void An_invalid_hash_is_rejected(string text)
    {
        PasswordHash.TryParse(text, out var problem).ShouldBeNull();
        problem.ShouldBe("must be $pbkdf2-sha256$i=ITERATIONS$SALT$HASH, as 'porthor hash-password' prints it");
    }

    /// <summary>Too few iterations do not protect a password; too many would block all logins.</summary>
    [Theory]
    [InlineData(0, false)]
    [InlineData(599_999, false)]
    [InlineData(600_000, true)]
    [InlineData(5_000_000, true)]
    [InlineData(5_000_001, false)]
    public void The_number_of_iterations_has_a_range(int iterations, bool accepted)
    {
        var read = PasswordHash.TryParse($"$pbkdf2-sha256$i={iterations}${Salt}${Hash}", out var problem);
        (read?.Iterations, problem).ShouldBe(accepted ? (iterations, "") : (null, "must have from 600000 to 5000000 iterations"));
    }
}
