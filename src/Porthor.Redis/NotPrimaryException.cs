using StackExchange.Redis;

namespace Porthor.Redis;

/// <summary>Represents a response that must not be used, because the server may not be the primary.</summary>
internal sealed class NotPrimaryException(string message) : RedisException(message);
