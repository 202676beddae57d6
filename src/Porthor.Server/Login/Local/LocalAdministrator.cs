using System.Security.Cryptography;
using Porthor.Identity;
using Porthor.Secrets;
using Porthor.Server.Configuration;
using Porthor.Server.Hosting;

namespace Porthor.Server.Login.Local;

/// <summary>
/// The one user of an embedded deployment that nobody configured users for. The data directory has the hash of their password, which the
/// first start makes and shows; from then on it can only be set anew.
/// </summary>
internal sealed class LocalAdministrator(DataDirectory folder)
{
    public const string Username = "admin";

    private const string FileName = DataDirectory.LocalAdministratorName;

    /// <summary>Outside of what systems give out.</summary>
    private const long GroupId = 70_001;

    /// <summary>Letters and digits that are not taken for one another.</summary>
    private const string Characters = "abcdefghjkmnpqrstuvwxyz23456789";

    /// <summary>24 of 31 characters: 118 bits.</summary>
    private const int GroupsOfSix = 4;

    /// <summary>Null if others tell who users are.</summary>
    public static LocalAdministrator? Of(DataDirectory? folder, PorthorSettings settings) =>
        folder is not null && !settings.Providers.HasAny ? new LocalAdministrator(folder) : null;

    /// <summary>Makes the administrator's password if there never was one, and gives it to be shown.</summary>
    /// <exception cref="StartException">The data directory has a file that is no hash.</exception>
    public Secret? CreateIfMissing()
    {
        if (TryRead() is not null)
            return null;
        var (password, hash) = Make();
        return folder.TryCreate(FileName, hash.Reveal()) ? password : null;
    }

    /// <summary>A new password; the old one is void from now on, also at a server that runs.</summary>
    public Secret Reset()
    {
        var (password, hash) = Make();
        folder.Replace(FileName, hash.Reveal());
        return password;
    }

    /// <summary>The administrator as they are now; null before the first start.</summary>
    public LocalUser? TryRead() => folder.TryRead(FileName) is { } text
        ? new LocalUser(
            Username,
            new UserData { Groups = [new Group(DefaultGroups.Admins, GroupId)] },
            PasswordHash.TryParse(text, out _) ?? throw new StartException($"The file {FileName} in {folder.Path} does not contain a password hash; 'porthor local-admin reset-password' makes a new one."))
        : null;

    private static (Secret Password, PasswordHash Hash) Make()
    {
        var groups = Enumerable.Range(0, GroupsOfSix).Select(_ => RandomNumberGenerator.GetString(Characters, 6));
        var password = string.Join('-', groups);
        return (new Secret(password), PasswordHash.Of(password));
    }
}
