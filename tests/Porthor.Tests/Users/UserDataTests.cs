using Porthor.Identity;

namespace Porthor.Tests.Users;

public sealed class UserDataTests
{
    private static readonly UserData Some = new()
    {
        Name = "Some User",
        Email = "a@example.com",
        Uid = 1,
        Gid = 2,
        Groups = [new Group("foo", 1)]
    };

    [Fact]
    public void User_data_is_equal_by_value_down_to_the_groups()
    {
        var same = Some with { Groups = [new Group("foo", 1)] };
        Some.ShouldBe(same);
        Some.GetHashCode().ShouldBe(same.GetHashCode());
        foreach (var other in (UserData[])[
            Some with { Name = null }, Some with { Email = "b@example.com" }, Some with { Uid = 2 }, Some with { Gid = null },
            Some with { Groups = [new Group("foo", 2)] }, Some with { Groups = [new Group("bar", 1)] },
            Some with { Groups = [new Group("foo", 1), new Group("bar", 1)] }, Some with { Groups = [] }, Some with { Groups = null }])
            (other == Some).ShouldBeFalse($"{other}");
    }

    /// <summary>Null means that the groups are looked up; an empty list means that the user has no groups.</summary>
    [Fact]
    public void No_groups_and_groups_that_are_not_stored_differ()
    {
        (new UserData { Groups = [] } == UserData.None).ShouldBeFalse();
        new UserData { Groups = [] }.ShouldBe(new UserData { Groups = [] });
    }
}
