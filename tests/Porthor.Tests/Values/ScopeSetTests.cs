using CsCheck;
using Porthor.Values;

namespace Porthor.Tests.Values;

public sealed class ScopeSetTests
{
    private static readonly Gen<ScopeSet> AnySet =
        Gen.OneOf("a", "b", "c:d", "read:all", "\uff21", "\U0001d11e").Array[0, 6].Select(names => ScopeSet.Of(names));

    [Theory]
    [InlineData("", "")]
    [InlineData("read:all", "read:all")]
    [InlineData("user:token,exec:admin,read:all,exec:admin", "exec:admin,read:all,user:token")]
    [InlineData("b,B,a,A", "A,B,a,b")]
    [InlineData(" a,a ", " a,a ")] // no trimming
    [InlineData(",", "")] // a scope with an empty name, which no configuration contains
    public void The_token_index_form_is_sorted_and_joined_by_commas(string text, string sorted)
    {
        var scopes = ScopeSet.Parse(text);
        scopes.Text.ShouldBe(sorted);
        $"{scopes}".ShouldBe(sorted);
    }

    [Fact]
    public void An_empty_name_differs_from_no_name()
    {
        ScopeSet.Parse("").ShouldBeSameAs(ScopeSet.Empty);
        ScopeSet.Empty.IsEmpty.ShouldBeTrue();
        ScopeSet.Parse(",").Names.ShouldBe([""]);
        ScopeSet.Parse(",").IsEmpty.ShouldBeFalse();
        ScopeSet.Parse(",").ShouldNotBe(ScopeSet.Empty);
    }

    [Fact]
    public void Scopes_are_ordered_by_code_point()
    {
        ScopeSet.Of("\U0001d11e", "\uff21", "\ud7ff", "z", "ab", "a").Names.ShouldBe(["a", "ab", "z", "\ud7ff", "\uff21", "\U0001d11e"]);
        Gen.Select(Gen.String, Gen.String).Where((left, right) => IsText(left) && IsText(right)).Sample((left, right) =>
        {
            var runes = left.EnumerateRunes().Select(rune => rune.Value).ToArray();
            var others = right.EnumerateRunes().Select(rune => rune.Value).ToArray();
            return Math.Sign(CodePointOrder.Instance.Compare(left, right)) == Math.Sign(runes.AsSpan().SequenceCompareTo(others));
        });
    }

    [Fact]
    public void Names_are_compared_exactly()
    {
        var scopes = ScopeSet.Of("read:all");
        scopes.Contains("read:all").ShouldBeTrue();
        foreach (var other in (string[])["Read:all", "read:al", "read:all ", "read", ""])
            scopes.Contains(other).ShouldBeFalse(other);
    }

    [Fact]
    public void Sets_are_equal_by_their_names()
    {
        ScopeSet.Of("a", "b").ShouldBe(ScopeSet.Parse("b,a,b"));
        ScopeSet.Of("a", "b").GetHashCode().ShouldBe(ScopeSet.Parse("b,a,b").GetHashCode());
        ScopeSet.Of("a", "b").Equals((object)ScopeSet.Of("b", "a")).ShouldBeTrue();
        ScopeSet.Of("a", "b").Equals(ScopeSet.Of("a")).ShouldBeFalse();
        // Two sets with the same text; only the second contains the scopes that the text lists.
        ScopeSet.Of("a,b").Equals(ScopeSet.Of("a", "b")).ShouldBeFalse();
        ScopeSet.Empty.Equals(null).ShouldBeFalse();
    }

    [Fact]
    public void Every_operation_agrees_with_set_operations() => Gen.Select(AnySet, AnySet).Sample((left, right) =>
    {
        HashSet<string> one = [.. left.Names], other = [.. right.Names];
        one.SetEquals(left.Names).ShouldBeTrue();
        left.IsSubsetOf(right).ShouldBe(one.IsSubsetOf(other));
        left.Intersect(right).ShouldBe(ScopeSet.Of(one.Intersect(other)));
        left.Except(right).ShouldBe(ScopeSet.Of(one.Except(other)));
        left.Union(right).ShouldBe(ScopeSet.Of(one.Union(other)));
        left.Names.ShouldBe(one.Order(CodePointOrder.Instance));
        ScopeSet.Parse(left.Text).ShouldBe(left);
    });

    private static bool IsText(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]) && !(i + 1 < text.Length && char.IsSurrogatePair(text[i], text[++i])))
                return false;
        }
        return true;
    }
}
