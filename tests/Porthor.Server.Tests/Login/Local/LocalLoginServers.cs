using Porthor.Identity;
using Porthor.Server.Accounts;
using Porthor.Server.Configuration;
using Porthor.Server.Tests.Api;
using Porthor.Values;

namespace Porthor.Server.Tests.Login.Local;

/// <summary>Servers with configured users. Their hashes have fewer iterations than a configuration may have.</summary>
public sealed class LocalLoginServers : ApiServers
{
    public const string Password = "correct horse battery staple";

    /// <summary>The largest number of iterations of the hashes, and therefore the cost of every check.</summary>
    public const int Iterations = 3000;

    /// <summary>Each test uses its own name, so that it is not slowed down by other tests.</summary>
    internal static readonly string[] Names =
        ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy", "kate", "lena", "mike", "nina", "oscar",
            "peggy", "rupert", "sybil", "trent", "ursula"];

    internal override PorthorSettings Configure(PorthorSettings settings) => With(settings);

    internal static PorthorSettings With(PorthorSettings settings) => settings with
    {
        // The peer of these servers is trusted to report the client address.
        Proxies = [AddressBlock.Parse("127.0.0.1")],
        Providers = new ProviderSettings { LocalUsers = [.. Names.Select(User), Scopeless] },
        GroupMapping = new Dictionary<string, IReadOnlyList<string>> { ["admin:token"] = ["admins"], ["read:all"] = ["admins", "staff"] },
    };

    private static LocalUser Scopeless => new("scopeless", UserData.None, PasswordHash.Of(Password, 1000));

    private static LocalUser User(string name, int index) => new(
        name,
        new UserData
        {
            Name = $"{char.ToUpperInvariant(name[0])}{name[1..]} Example",
            Email = $"{name}@example.com",
            Uid = 2000 + index,
            Gid = 2000 + index,
            Groups = [new Group(name, 2000 + index), new Group(name == "alice" ? "admins" : "staff", name == "alice" ? 3001 : 3000)],
        },
        PasswordHash.Of(Password, name == "alice" ? Iterations : 1000));
}
