using System.Globalization;
using Microsoft.Extensions.Logging;
using Porthor.Identity;
using Porthor.Telemetry;
using Porthor.Users;

namespace Porthor.Ldap;

/// <summary>Reads users and groups from LDAP (contract/userinfo.md 3).</summary>
public sealed partial class LdapDirectory : IUserDirectory, IAsyncDisposable
{
    private const string NameAttribute = "cn";
    private const string GidAttribute = "gidNumber";

    /// <summary>The attribute name that requests no attributes (RFC 4511 4.5.1.8).</summary>
    private const string NoAttributes = "1.1";

    /// <summary>The prefix of COmanage's internal groups, which are ignored without a warning.</summary>
    private const string ComanagePrefix = "CO:";

    private readonly LdapSettings settings;
    private readonly bool gidsMatter;
    private readonly LdapPool pool;
    private readonly ILogger logger;
    private readonly IReadOnlyList<string> userAttributes;

    /// <summary>The attribute with the username: <see cref="LdapSettings.UserSearchAttr"/> without a matching rule.</summary>
    private readonly string usernameAttribute;

    /// <summary>Creates a client of a directory. It connects when it is first used.</summary>
    /// <param name="settings">The connection and the searches.</param>
    /// <param name="gidsMatter">False if groups do not get their GIDs from LDAP.</param>
    /// <param name="metrics">Receives the time and the failures of each search.</param>
    /// <param name="loggers">Creates the loggers for failed searches and for invalid entries.</param>
    /// <exception cref="InvalidDataException">A configured file cannot be read or is invalid.</exception>
    public LdapDirectory(LdapSettings settings, bool gidsMatter, StoreMetrics metrics, ILoggerFactory loggers)
    {
        this.settings = settings;
        this.gidsMatter = gidsMatter;
        logger = loggers.CreateLogger<LdapDirectory>();
        pool = new LdapPool(new LdapServer(settings), metrics, loggers.CreateLogger<LdapPool>());
        usernameAttribute = settings.UserSearchAttr.Split(':')[0];
        userAttributes = [.. new[] { settings.NameAttr, settings.EmailAttr, settings.UidAttr, settings.GidAttr }.OfType<string>()];
    }

    /// <inheritdoc/>
    public bool ProvidesEmail => settings is { EmailAttr: not null, UserBaseDn.Length: > 0 };

    /// <inheritdoc/>
    public bool ProvidesGid => settings is { GidAttr: not null, UserBaseDn.Length: > 0 };

    /// <inheritdoc/>
    public async Task<DirectoryUser> GetUserAsync(string username, CancellationToken cancellationToken)
    {
        if (settings.UserBaseDn.Length == 0)
            return DirectoryUser.None;
        var search = new LdapSearch(
            "reading a user", settings.UserBaseDn, LdapScope.OneLevel, LdapFilter.Matching(settings.UserSearchAttr, username),
                userAttributes, username);
        var entries = await SearchAsync(search, cancellationToken);
        if (entries.Count == 0)
            return DirectoryUser.None;
        var user = ReadUser(entries[0], out var error);
        if (user is not null)
            return user;
        const string invalid = "LDAP user entry invalid";
        Log.InvalidUser(logger, error!, settings.Url, search.Filter.ToString(), username);
        throw new UserDirectoryException(invalid, isUnavailable: false);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DirectoryGroup>> GetGroupsAsync(string username, CancellationToken cancellationToken)
    {
        var member = settings.GroupSearchByDn
            ? DistinguishedName.Below(settings.UserBaseDn, usernameAttribute, username)
            : username;
        var search = GroupSearch(
            "reading a user's groups", LdapFilter.Matching(settings.GroupMemberAttr, member), [NameAttribute, GidAttribute], username);
        List<DirectoryGroup> groups = [];
        foreach (var entry in await SearchAsync(search, cancellationToken))
        {
            if (ReadGroupName(entry, search) is not { } name)
                continue;
            var gid = ReadNumber(entry.First(GidAttribute));
            if (gid is null && gidsMatter)
                Log.InvalidGid(logger, name, settings.Url, search.Filter.ToString(), username);
            groups.Add(new DirectoryGroup(name, gid));
        }
        return groups;
    }

    /// <inheritdoc/>
    public async Task<string?> GetGroupNameAsync(long gid, string username, CancellationToken cancellationToken)
    {
        var search = GroupSearch(
            "reading a primary group", LdapFilter.Equal(GidAttribute, gid.ToString(CultureInfo.InvariantCulture)), [NameAttribute],
            username);
        var entries = await SearchAsync(search, cancellationToken);
        return entries.Select(entry => ReadGroupName(entry, search)).FirstOrDefault(name => name is not null);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<string, DirectoryUser>> ListUsersAsync(CancellationToken cancellationToken)
    {
        Dictionary<string, DirectoryUser> users = [];
        if (settings.UserBaseDn.Length == 0)
            return users;
        var search = new LdapSearch(
            "listing users", settings.UserBaseDn, LdapScope.OneLevel, LdapFilter.Present(usernameAttribute),
            [usernameAttribute, .. userAttributes], Username: null);
        foreach (var entry in await SearchAsync(search, cancellationToken))
        {
            if (entry.First(usernameAttribute) is not { Length: <= UserRules.MaxUsernameLength } name)
                Log.IgnoredUser(logger, entry.Name, $"{usernameAttribute} is missing or too long");
            else if (ReadUser(entry, out var error) is { } user)
                users[name] = user;
            else
                Log.IgnoredUser(logger, entry.Name, error!);
        }
        return users;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DirectoryGroup>> ListGroupsAsync(CancellationToken cancellationToken)
    {
        var search = new LdapSearch(
            "listing groups", settings.GroupBaseDn, LdapScope.Subtree, OfGroupClass(), [NameAttribute, GidAttribute], Username: null);
        List<DirectoryGroup> groups = [];
        foreach (var entry in await SearchAsync(search, cancellationToken))
        {
            if (ReadGroupName(entry, search) is { } name)
                groups.Add(new DirectoryGroup(name, ReadNumber(entry.First(GidAttribute))));
        }
        return groups;
    }

    /// <summary>Checks whether the directory responds and contains the base entry of groups.</summary>
    /// <exception cref="UserDirectoryException">The check failed.</exception>
    public Task CheckAsync(CancellationToken cancellationToken) => pool.SearchAsync(
        new LdapSearch(
            "checking the directory", settings.GroupBaseDn, LdapScope.Base, LdapFilter.Present("objectClass"), [NoAttributes],
            Username: null),
            cancellationToken);

    /// <summary>Closes all connections.</summary>
    public ValueTask DisposeAsync() => pool.DisposeAsync();

    private async Task<IReadOnlyList<LdapEntry>> SearchAsync(LdapSearch search, CancellationToken cancellationToken)
    {
        var entries = await pool.SearchAsync(search, cancellationToken);
        if (logger.IsEnabled(LogLevel.Debug))
            Log.Found(
                logger, settings.Url, search.Filter.ToString(), search.Base, search.Attributes,
                [.. entries.Select(entry => entry.ToString())], search.Username);
        return entries;
    }

    private LdapSearch GroupSearch(string operation, LdapFilter which, IReadOnlyList<string> attributes, string username) =>
        new(operation, settings.GroupBaseDn, LdapScope.Subtree, LdapFilter.All(OfGroupClass(), which), attributes, username);

    private LdapFilter OfGroupClass() => LdapFilter.Equal("objectClass", settings.GroupObjectClass);

    /// <summary>Reads a user. Returns null if a number in the entry is invalid, because then the whole entry is unreliable.</summary>
    private DirectoryUser? ReadUser(LdapEntry entry, out string? error)
    {
        var (uid, gid) = (entry.First(settings.UidAttr), entry.First(settings.GidAttr));
        var user = new DirectoryUser(entry.First(settings.NameAttr), entry.First(settings.EmailAttr), ReadNumber(uid), ReadNumber(gid));
        error = (uid, gid) switch
        {
            ({ }, _) when user.Uid is null => $"{settings.UidAttr} is {uid}",
            (_, { }) when user.Gid is null => $"{settings.GidAttr} is {gid}",
            _ => null,
        };
        return error is null ? user : null;
    }

    /// <summary>Reads the name of a group. Returns null if it is missing or invalid.</summary>
    private string? ReadGroupName(LdapEntry entry, LdapSearch search)
    {
        switch (entry.First(NameAttribute))
        {
            case null:
                Log.NamelessGroup(logger, entry.Name, settings.Url, search.Filter.ToString(), search.Username);
                return null;
            case var name when UserRules.IsGroupName(name):
                return name;
            case var name when name.StartsWith(ComanagePrefix, StringComparison.Ordinal):
                Log.ComanageGroup(logger, name);
                return null;
            case var name:
                Log.InvalidGroup(logger, name, settings.Url, search.Filter.ToString(), search.Username);
                return null;
        }
    }

    private static long? ReadNumber(string? text) =>
        long.TryParse(text, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var number)
            && number > 0
            ? number
            : null;

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "LDAP entries found")]
        public static partial void Found(
            ILogger logger, string ldapUrl, string ldapSearch, string ldapBase, IReadOnlyList<string> ldapAttrs,
            IReadOnlyList<string> ldapResults, string? user);

        [LoggerMessage(Level = LogLevel.Error, Message = "LDAP user entry invalid")]
        public static partial void InvalidUser(ILogger logger, string error, string ldapUrl, string ldapSearch, string user);

        [LoggerMessage(Level = LogLevel.Debug, Message = "Ignoring invalid LDAP user entry")]
        public static partial void IgnoredUser(ILogger logger, string ldapResult, string error);

        [LoggerMessage(Level = LogLevel.Warning, Message = "LDAP group {Name} invalid, ignoring")]
        public static partial void InvalidGroup(ILogger logger, string name, string ldapUrl, string ldapSearch, string? user);

        [LoggerMessage(Level = LogLevel.Warning, Message = "LDAP group {Name} has invalid gidNumber, ignoring")]
        public static partial void InvalidGid(ILogger logger, string name, string ldapUrl, string ldapSearch, string user);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Invalid LDAP group result, ignoring")]
        public static partial void NamelessGroup(ILogger logger, string ldapResult, string ldapUrl, string ldapSearch, string? user);

        [LoggerMessage(Level = LogLevel.Debug, Message = "Ignoring COmanage group {Name}")]
        public static partial void ComanageGroup(ILogger logger, string name);
    }
}
